import { expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { parseTiny, tinyEngineStudent } from '../engine/plan/testing/tiny-engine.ts';
import { halfBase } from '../student/lora/half-base.ts';
import { adapterName } from '../student/lora/lora.ts';
import { areAdapters, engineStudent, untrainedParameters, wholeWeights } from './engine-student.ts';
import { notebookRecipe, withBaseDtype, withLora } from './recipe.ts';

const { config, weights } = tinyEngineStudent();
const adapted = withLora(notebookRecipe, 2);

it('trains all but the frozen parts, or adapters alone', () => {
  expect(untrainedParameters(config, notebookRecipe).size).toBe(0);
  expect([...untrainedParameters(config, { ...notebookRecipe, freeze: ['embeddings'] })]).toEqual([
    'shared.weight',
  ]);
  expect(untrainedParameters(config, adapted)).toEqual(new Set(weights.keys()));
});

it('makes an engine’s student with the recipe’s optimiser, and adapters of its seed where it has them', () => {
  const plain = engineStudent({ config, weights }, { ...notebookRecipe, optimizer: 'adafactor' });
  expect(plain).toEqual({ config, weights, frozen: new Set(), optimizer: 'adafactor' });
  const of = (seed: number) => engineStudent({ config, weights }, { ...adapted, seed }).adapters!;
  expect(of(1).lora).toEqual(adapted.lora);
  expect(of(1).weights).toEqual(of(1).weights);
  expect(of(1).weights).not.toEqual(of(2).weights);
  expect(areAdapters(of(1).weights)).toBe(true);
  expect(() => engineStudent({ config, weights }, withLora(notebookRecipe, 64))).toThrow(InputError);
});

it('knows adapters from whole students, and from nothing', () => {
  expect(areAdapters(weights)).toBe(false);
  expect(areAdapters(new Map())).toBe(false);
});

it('makes a whole student of adapters and the base that they were trained on', () => {
  const { weights: adapters } = engineStudent({ config, weights }, adapted).adapters!;
  const module = 'encoder.block.0.layer.0.SelfAttention.q';
  adapters.get(adapterName(module, 'B'))!.fill(1);
  const name = `${module}.weight`;
  const merged = wholeWeights({ config, weights }, adapted, adapters);
  expect([...merged.keys()].sort()).toEqual([...weights.keys()].sort());
  expect(merged.get(name)).not.toEqual(weights.get(name));
  expect(merged.get('shared.weight')).toEqual(weights.get('shared.weight'));
  const half = wholeWeights({ config, weights }, withBaseDtype(adapted, 'float16'), adapters);
  expect(half.get(name)).not.toEqual(merged.get(name));
  const other = `${module.replace('.q', '.k')}.weight`;
  expect(half.get(other)).toEqual(halfBase(config, weights).get(other));
  // Whole weights are what they are.
  expect(wholeWeights({ config, weights }, adapted, weights)).toBe(weights);
  expect(wholeWeights({ config: parseTiny(), weights }, notebookRecipe, adapters)).toBe(adapters);
});
