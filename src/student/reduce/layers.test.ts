import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../base/errors.ts';
import { readStudentFolder, type Student } from '../folder.ts';
import { expectedParameters } from '../parameters.ts';
import { filesInMemory } from '../student-files.ts';
import { tinyFolder } from '../testing/tiny-student.ts';
import { evenlySpaced, reduceLayers, type LayerOptions } from './layers.ts';

function student(): Promise<Student> {
  return readStudentFolder(filesInMemory(tinyFolder({ num_layers: 4, num_decoder_layers: 5 })), 'tiny');
}

describe('reduceLayers', () => {
  it('keeps the chosen layers whole and in order, and the bias with the first', async () => {
    const whole = await student();
    const { student: reduced, kept } = reduceLayers(whole, { encoder: [3, 1], decoder: [2, 4, 3] });
    expect(kept).toEqual({ encoder: [1, 3], decoder: [2, 3, 4] });
    expect(reduced.config).toEqual({ ...whole.config, num_layers: 2, num_decoder_layers: 3 });
    expect(reduced.rawConfig).toMatchObject({ num_layers: 2, num_decoder_layers: 3 });
    expect([...reduced.weights.keys()]).toEqual(expectedParameters(reduced.config).map(({ name }) => name));
    const same = (name: string, old: string) =>
      expect(reduced.weights.get(name), name).toBe(whole.weights.get(old));
    const bias = 'layer.0.SelfAttention.relative_attention_bias.weight';
    same(`encoder.block.0.${bias}`, `encoder.block.0.${bias}`);
    same(`decoder.block.0.${bias}`, `decoder.block.0.${bias}`);
    same('encoder.block.0.layer.0.SelfAttention.q.weight', 'encoder.block.1.layer.0.SelfAttention.q.weight');
    same('encoder.block.1.layer.1.layer_norm.weight', 'encoder.block.3.layer.1.layer_norm.weight');
    same(
      'decoder.block.0.layer.1.EncDecAttention.k.weight',
      'decoder.block.2.layer.1.EncDecAttention.k.weight',
    );
    same(
      'decoder.block.2.layer.2.DenseReluDense.wo.weight',
      'decoder.block.4.layer.2.DenseReluDense.wo.weight',
    );
    same('decoder.final_layer_norm.weight', 'decoder.final_layer_norm.weight');
    same('shared.weight', 'shared.weight');
    expect(reduced.notes).toEqual([
      'Of 4 encoder layers 1, 3 were kept.',
      'Of 5 decoder layers 2, 3, 4 were kept.',
    ]);
  });

  it('leaves each layer of a UMT5 its own bias', async () => {
    const files = tinyFolder({ model_type: 'umt5', num_layers: 3, num_decoder_layers: 3 });
    const whole = await readStudentFolder(filesInMemory(files), 'tiny');
    const { student: reduced } = reduceLayers(whole, { encoder: [1, 2] });
    const bias = 'layer.0.SelfAttention.relative_attention_bias.weight';
    for (const block of [0, 1]) {
      expect(reduced.weights.get(`encoder.block.${block}.${bias}`)).toBe(
        whole.weights.get(`encoder.block.${block + 1}.${bias}`),
      );
    }
  });

  it('spaces a count evenly, and leaves what is not mentioned alone', async () => {
    const { kept } = reduceLayers(await student(), { decoder: 3 });
    expect(kept).toEqual({ encoder: [0, 1, 2, 3], decoder: [0, 2, 4] });
    expect(evenlySpaced(4, 8)).toEqual([0, 2, 5, 7]);
    expect(evenlySpaced(1, 8)).toEqual([0]);
  });

  it('always keeps the first and the last, each once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(60), (count, more) => {
        const chosen = evenlySpaced(count, count + more);
        expect(chosen).toHaveLength(count);
        expect([chosen[0], chosen.at(-1)]).toEqual([0, count + more - 1]);
        const gaps = chosen.slice(1).map((block, index) => block - chosen[index]!);
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each<[string, LayerOptions, RegExp]>([
    ['no encoder layer', { encoder: 0 }, /No encoder layer would be kept\. Keep at least one\. .* 4 encoder/],
    ['an empty list', { decoder: [] }, /No decoder layer would be kept/],
    ['more than there are', { encoder: 5 }, /4 encoder layers, so that 5 cannot be kept/],
    ['part of a layer', { encoder: 1.5 }, /1\.5 cannot be kept/],
    ['a number out of range', { decoder: [0, 5] }, /no decoder layer 5\. .* from 0 to 4/],
    ['a number below 0', { decoder: [-1] }, /no decoder layer -1/],
    ['a number twice', { encoder: [0, 2, 0] }, /encoder layer 0 is there twice/],
  ])('refuses %s', async (_, options, message) => {
    const whole = await student();
    expect(() => reduceLayers(whole, options)).toThrow(InputError);
    expect(() => reduceLayers(whole, options)).toThrow(message);
  });
});
