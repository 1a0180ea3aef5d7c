/** The program of a demo page (src/export/demo/page.ts): opens the student that is in the page and answers questions. */
import { reportError, InputError } from '../base/errors.ts';
import type { DemoFacts } from '../export/demo/page.ts';
import type { Engine } from '../engine/engine.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { readStudentFolder, type Student } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';

interface Opened {
  facts: DemoFacts;
  student: Student;
  engine: Engine;
}

async function open(): Promise<Opened> {
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>();
  for (const element of document.querySelectorAll<HTMLElement>('script[data-file]')) {
    files.set(element.dataset['file']!, encoder.encode(element.textContent));
  }
  const facts = JSON.parse(new TextDecoder().decode(files.get('facts'))) as DemoFacts;
  files.delete('facts');
  files.set('model.safetensors', weightBytes());
  const student = await readStudentFolder(filesInMemory(files), facts.name);
  const engine = await createWasmEngine(student, {
    threads: 1,
    startThread: () => Promise.reject(new InputError('This page computes with one thread.', 'Ask for one.')),
    reason: 'The page brings its own.',
  });
  return { facts, student, engine };
}

/** The weights out of their elements, which go: the text is larger than what it stands for. */
function weightBytes(): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const element of document.querySelectorAll('script[data-weights]')) {
    pieces.push(Uint8Array.from(atob(element.textContent), (character) => character.charCodeAt(0)));
    element.remove();
  }
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.length;
  }
  return bytes;
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function show({ facts, student, engine }: Opened, place: HTMLElement): void {
  const ask = async (prompt: string): Promise<string> => {
    const input = student.tokenizer.encode(prompt, facts.maxInputTokens);
    const options = { numBeams: 1, ...facts.generation, maxNewTokens: facts.maxNewTokens };
    const [generation] = await engine.generate([input], options);
    return student.tokenizer.decode(generation!.ids);
  };
  const question = make('textarea', { id: 'question', required: true });
  const submit = make('button', { type: 'submit' }, 'Ask');
  const answers = make('section', { ariaLive: 'polite' });
  const form = make('form', {}, make('label', { htmlFor: 'question' }, 'Question'), question, submit);
  const part = (title: string, className: string, text: string): Node[] => [
    make('h2', {}, title),
    make('p', { className }, text === '' ? '(nothing)' : text),
  ];
  let asking = false;
  const answer = async (): Promise<void> => {
    const text = question.value.trim();
    if (asking || text === '') return;
    asking = true;
    try {
      const startedAt = performance.now();
      const parts = part('Answer', 'answer', await ask(facts.answerPrefix + text));
      if (facts.rationalePrefix !== null) {
        parts.push(...part('Rationale', 'rationale', await ask(facts.rationalePrefix + text)));
      }
      const elapsedMs = Math.round(performance.now() - startedAt);
      answers.replaceChildren(
        ...parts,
        make('p', { className: 'note' }, `In ${elapsedMs} ms, on this machine.`),
      );
    } catch (error) {
      answers.replaceChildren(make('p', {}, reportError(error).message));
    } finally {
      asking = false;
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void answer();
  });
  const examples = facts.examples.map((text) => {
    const button = make('button', { type: 'button' }, text);
    button.addEventListener('click', () => {
      question.value = text;
      void answer();
    });
    return make('li', {}, button);
  });
  const fed =
    facts.answerPrefix === ''
      ? 'the bare question'
      : `“${facts.answerPrefix}” and the question, for the answer`;
  place.replaceChildren(
    form,
    ...(examples.length === 0 ? [] : [make('h2', {}, 'Questions to try'), make('ul', {}, ...examples)]),
    answers,
    make(
      'p',
      { className: 'note' },
      `Everything is in this file and stays on this machine. The student reads ${fed}.`,
    ),
  );
}

const place = document.getElementById('demo')!;
open().then(
  (opened) => show(opened, place),
  (error: unknown) => place.replaceChildren(make('p', { role: 'alert' }, reportError(error).message)),
);
