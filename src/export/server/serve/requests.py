"""The body of POST /predict, checked whole before anything is computed; each refusal names the place."""

import json
from dataclasses import dataclass

MOST_BEAMS = 8


class Refusal(Exception):
    """A request that is not answered, with the status and the headers that say so."""

    def __init__(self, status, message, headers=None):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


@dataclass(frozen=True)
class PredictRequest:
    texts: list[str]
    rationale: bool
    beams: int | None  # None leaves it to the model
    max_tokens: int | None  # None leaves it to the model


def parse_json(body):
    def no_constant(name):
        raise ValueError(f"{name} is no JSON")

    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, 'The body is not JSON in UTF-8. Send {"instances": ["…"]}.') from None


def text_of(instance, index):
    text = instance.get("input") if isinstance(instance, dict) else instance
    if not isinstance(text, str):
        raise Refusal(400, f'instances[{index}] is not a text. Each one is a text, or an object with a text "input".')
    if not text.strip():
        raise Refusal(400, f"instances[{index}] is empty. Leave it out, or send a text.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Refusal(400, f"instances[{index}] has half of a surrogate pair. Send text that can be written in UTF-8.")
    return text


def whole_of(parameters, name, most):
    value = parameters.get(name)
    if value is None:
        return None
    # Vertex AI passes numbers on as floats.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return value
    raise Refusal(400, f"parameters.{name} is not a whole number from 1 to {most}. Send one.")


def read_predict_request(body, settings):
    value = parse_json(body)
    instances = value.get("instances") if isinstance(value, dict) else None
    if not isinstance(instances, list):
        raise Refusal(400, 'The body is not an object with a list "instances". Send {"instances": ["…"]}.')
    if not 1 <= len(instances) <= settings.max_instances:
        raise Refusal(
            400, f'"instances" has {len(instances)} entries. Send 1 to {settings.max_instances} in one request.'
        )
    texts = [text_of(instance, index) for index, instance in enumerate(instances)]
    parameters = value.get("parameters")
    parameters = {} if parameters is None else parameters
    if not isinstance(parameters, dict):
        raise Refusal(400, '"parameters" is not an object. Send one, or leave it out.')
    known = ("rationale", "beams", "max_tokens")
    if any(name not in known for name in parameters):
        raise Refusal(400, f'"parameters" has a name that is not known. Known are {", ".join(known)}.')
    rationale = parameters.get("rationale")
    if rationale is not None and not isinstance(rationale, bool):
        raise Refusal(400, "parameters.rationale is not true or false. Send one of them.")
    return PredictRequest(
        texts=texts,
        rationale=bool(rationale),
        beams=whole_of(parameters, "beams", MOST_BEAMS),
        max_tokens=whole_of(parameters, "max_tokens", settings.max_new_tokens),
    )
