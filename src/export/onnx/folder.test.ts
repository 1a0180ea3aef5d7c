import { describe, expect, it } from 'vitest';
import { InputError } from '../../base/errors.ts';
import {
  bytesOf,
  numbersOf,
  readProtobuf,
  textsOf,
  type ProtobufField,
} from '../../formats/testing/read-protobuf.ts';
import { expectedParameters, sizeOf } from '../../student/parameters.ts';
import { readStudentFolder, type Student } from '../../student/folder.ts';
import { filesInMemory } from '../../student/student-files.ts';
import { tinyFolder } from '../../student/testing/tiny-student.ts';
import { onnxFolder, onnxNames } from './folder.ts';
import { onnxStorages, type OnnxStorage } from './matrices.ts';

const open = (overrides: Readonly<Record<string, unknown>> = {}): Promise<Student> =>
  readStudentFolder(filesInMemory(tinyFolder(overrides)), 'tiny');

interface ReadGraph {
  inputs: string[];
  outputs: string[];
  operators: string[];
  /** Bytes of each initialiser by name, and the sizes and type it declares. */
  initialisers: Map<string, { shape: number[]; type: number; sizeBytes: number }>;
}

/** The names, sizes and symbols of a value: `logits: float [batch_size, tokens, 40]`. */
function valueText(bytes: Uint8Array): string {
  const fields = readProtobuf(bytes);
  const tensor = readProtobuf(bytesOf(readProtobuf(bytesOf(fields, 2)[0]!), 1)[0]!);
  const dimensions = bytesOf(readProtobuf(bytesOf(tensor, 2)[0]!), 1).map((dimension) => {
    const size: ProtobufField[] = readProtobuf(dimension);
    return textsOf(size, 2)[0] ?? numbersOf(size, 1)[0]!;
  });
  return `${textsOf(fields, 1)[0]!}: ${numbersOf(tensor, 1)[0]!} [${dimensions.join(', ')}]`;
}

function readModel(student: Student, storage: OnnxStorage, name: string): ReadGraph {
  const files = onnxFolder(student, student.weights, { storage, runFile: null });
  const model = readProtobuf(files.find(({ path }) => path.startsWith(`onnx/${name}`))!.bytes);
  expect(numbersOf(model, 1)).toEqual([8]);
  const opset = readProtobuf(bytesOf(model, 8)[0]!);
  expect([textsOf(opset, 1), numbersOf(opset, 2)]).toEqual([[''], [17]]);
  const graph = readProtobuf(bytesOf(model, 7)[0]!);
  const nodes = bytesOf(graph, 1).map(readProtobuf);
  const initialisers = bytesOf(graph, 5).map(readProtobuf);
  return {
    inputs: bytesOf(graph, 11).map(valueText),
    outputs: bytesOf(graph, 12).map(valueText),
    operators: nodes.map((node) => textsOf(node, 4)[0]!),
    initialisers: new Map(
      initialisers.map((one) => [
        textsOf(one, 8)[0]!,
        { shape: numbersOf(one, 1), type: numbersOf(one, 2)[0]!, sizeBytes: bytesOf(one, 9)[0]!.length },
      ]),
    ),
  };
}

/** Bytes of an element by ONNX's number of its type: float, int8, int64, float16. */
const bytesPerElement = new Map([
  [1, 4],
  [3, 1],
  [7, 8],
  [10, 2],
]);

describe('an ONNX folder', () => {
  it('names inputs and outputs as Hugging Face does', async () => {
    const student = await open({ num_decoder_layers: 1 });
    const encoder = readModel(student, 'f32', 'encoder_model');
    expect(encoder.inputs).toEqual([
      'input_ids: 7 [batch_size, encoder_sequence_length]',
      'attention_mask: 7 [batch_size, encoder_sequence_length]',
    ]);
    expect(encoder.outputs).toEqual(['last_hidden_state: 1 [batch_size, encoder_sequence_length, 8]']);
    const decoder = readModel(student, 'f32', 'decoder_model_merged');
    const cross = 'batch_size, 2, encoder_sequence_length_out, 3';
    const past = 'past_decoder_sequence_length';
    expect(decoder.inputs).toEqual([
      'encoder_attention_mask: 7 [batch_size, encoder_sequence_length]',
      'input_ids: 7 [batch_size, decoder_sequence_length]',
      'encoder_hidden_states: 1 [batch_size, encoder_sequence_length, 8]',
      `past_key_values.0.decoder.key: 1 [batch_size, 2, ${past}, 3]`,
      `past_key_values.0.decoder.value: 1 [batch_size, 2, ${past}, 3]`,
      `past_key_values.0.encoder.key: 1 [${cross}]`,
      `past_key_values.0.encoder.value: 1 [${cross}]`,
      'use_cache_branch: 9 [1]',
    ]);
    expect(decoder.outputs).toEqual([
      'logits: 1 [batch_size, decoder_sequence_length, 40]',
      `present.0.decoder.key: 1 [batch_size, 2, ${past} + decoder_sequence_length, 3]`,
      `present.0.decoder.value: 1 [batch_size, 2, ${past} + decoder_sequence_length, 3]`,
      `present.0.encoder.key: 1 [${cross}]`,
      `present.0.encoder.value: 1 [${cross}]`,
    ]);
    expect(decoder.operators.filter((operator) => operator === 'If')).toHaveLength(1);
  });

  it.each(onnxStorages)('holds every weight once in each graph that uses it, in %s', async (storage) => {
    for (const overrides of [{}, { tie_word_embeddings: true }, { model_type: 'umt5', num_layers: 2 }]) {
      const student = await open(overrides);
      for (const [stack, name] of [
        ['encoder', 'encoder_model'],
        ['decoder', 'decoder_model_merged'],
      ] as const) {
        const { initialisers } = readModel(student, storage, name);
        for (const [constant, { shape, type, sizeBytes }] of initialisers) {
          expect(sizeBytes, constant).toBe(sizeOf(shape) * bytesPerElement.get(type)!);
        }
        const used = expectedParameters(student.config).filter(
          (parameter) =>
            parameter.name === 'shared.weight' ||
            parameter.name.startsWith(`${stack}.`) ||
            (stack === 'decoder' && parameter.name === 'lm_head.weight'),
        );
        for (const { name: weight, shape } of used) {
          const found = [weight, `${weight}.transposed`].flatMap((one) => initialisers.get(one) ?? []);
          expect(found, weight).toHaveLength(1);
          expect(sizeOf(found[0]!.shape)).toBe(sizeOf(shape));
        }
        const weights = [...initialisers.keys()].filter((one) => /\.weight(?:\.transposed)?$/.test(one));
        expect(weights).toHaveLength(used.length);
      }
    }
  });

  it.each(onnxStorages)(
    'is named, and says its dtype, as transformers.js looks for it: %s',
    async (storage) => {
      const student = await open();
      const files = onnxFolder(student, student.weights, { storage, runFile: null });
      const { dtype, suffix } = onnxNames[storage];
      const paths = files.map(({ path }) => path);
      expect(paths).toContain(`onnx/encoder_model${suffix}.onnx`);
      expect(paths).toContain(`onnx/decoder_model_merged${suffix}.onnx`);
      for (const name of ['config.json', 'generation_config.json', 'tokenizer.json']) {
        expect(paths).toContain(name);
      }
      expect(paths).not.toContain('model.safetensors');
      const config = files.find(({ path }) => path === 'config.json')!;
      expect(JSON.parse(new TextDecoder().decode(config.bytes))).toMatchObject({
        'transformers.js_config': { dtype },
        model_type: 't5',
      });
      for (const file of files) expect(file.bytes, file.path).toHaveLength(file.sizeBytes);
    },
  );

  it('refuses half floats for a weight that they cannot hold', async () => {
    const student = await open();
    student.weights.get('shared.weight')![3] = 70_000;
    const write = (): unknown => onnxFolder(student, student.weights, { storage: 'f16', runFile: null });
    expect(write).toThrow(InputError);
    expect(write).toThrow('"shared.weight" holds 70000');
  });
});
