import { describe, expect, it } from 'vitest';
import { InputError } from '../../base/errors.ts';
import { parseT5Config } from '../config.ts';
import { expectedParameters } from '../parameters.ts';
import { tinyConfig } from '../testing/tiny-student.ts';
import { frozenParameters } from './freeze.ts';

const config = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const names = expectedParameters(config).map(({ name }) => name);

describe('frozenParameters', () => {
  it('names the weights of the chosen parts, each part for itself', () => {
    expect(frozenParameters(config, { embeddings: false, encoder: false })).toEqual(new Set());
    expect([...frozenParameters(config, { embeddings: true, encoder: false })]).toEqual(['shared.weight']);
    const both = frozenParameters(config, { embeddings: true, encoder: true });
    expect([...both]).toEqual(
      names.filter((name) => name === 'shared.weight' || name.startsWith('encoder.')),
    );
    const rest = frozenParameters(config, { embeddings: false, encoder: false, decoder: true });
    expect([...rest]).toEqual(names.filter((name) => !both.has(name)));
    expect(rest.has('lm_head.weight')).toBe(true);
  });

  it('refuses to freeze everything', () => {
    const act = () => frozenParameters(config, { embeddings: true, encoder: true, decoder: true });
    expect(act).toThrow(InputError);
    expect(act).toThrow(/nothing would be trained/);
  });
});
