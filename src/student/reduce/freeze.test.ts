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
    expect(frozenParameters(config, [])).toEqual(new Set());
    expect([...frozenParameters(config, ['embeddings'])]).toEqual(['shared.weight']);
    const both = frozenParameters(config, ['embeddings', 'encoder']);
    expect([...both]).toEqual(
      names.filter((name) => name === 'shared.weight' || name.startsWith('encoder.')),
    );
    const rest = frozenParameters(config, ['decoder']);
    expect([...rest]).toEqual(names.filter((name) => !both.has(name)));
    expect(rest.has('lm_head.weight')).toBe(true);
  });

  it('refuses to freeze everything', () => {
    const act = () => frozenParameters(config, ['embeddings', 'encoder', 'decoder']);
    expect(act).toThrow(InputError);
    expect(act).toThrow(/nothing would be trained/);
  });
});
