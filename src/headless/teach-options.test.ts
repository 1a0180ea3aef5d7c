import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, placeOf, planOf, readTeachOptions } from './teach-options.ts';

const needed = ['--data', 'rows.jsonl', '--out', 'out.jsonl', '--model', 'm'];
const plan = (...more: string[]) => planOf(readTeachOptions([...needed, ...more]));

describe('the plan', () => {
  it('asks one answer a row, greedily and without limits, where nothing else is said', () => {
    expect(plan()).toEqual({
      data: 'rows.jsonl',
      out: 'out.jsonl',
      api: 'chat',
      mode: 'label',
      manner: { api: 'chat', model: 'm', temperature: 0, maxTokens: 256, votes: 1, usesSchema: false },
      limits: { rows: null, tokens: null, money: null },
      prices: null,
      inFlight: 8,
      idleMs: 120_000,
      streams: true,
      rows: null,
    });
  });

  it('has what is said', () => {
    const options =
      '--api ollama --mode rationalise --schema --votes 40 --temperature 1.5 --max-tokens 9 --in-flight 3 ' +
      '--idle-seconds 7 --no-stream --rows 11 --budget-rows 5 --budget-tokens 6 --budget-money 2.5 ' +
      '--price-input 0 --price-output 3';
    expect(plan(...options.split(' '))).toMatchObject({
      api: 'ollama',
      mode: 'rationalise',
      manner: { api: 'ollama', temperature: 1.5, maxTokens: 9, votes: 40, usesSchema: true },
      limits: { rows: 5, tokens: 6, money: 2.5 },
      prices: { input: 0, output: 3 },
      inFlight: 3,
      idleMs: 7_000,
      streams: false,
      rows: 11,
    });
  });

  it('warms the model for several answers, and not for one', () => {
    expect(plan('--votes', '2').manner.temperature).toBe(0.7);
    expect(plan('--votes', '1').manner.temperature).toBe(0);
    expect(plan('--votes', '1', '--temperature', '0').manner.temperature).toBe(0);
    expect(plan('--votes', '2', '--temperature', '0.2').manner.temperature).toBe(0.2);
  });

  it.each([
    ['--votes 41', '--votes 41 is more than 40.'],
    ['--votes 2 --temperature 0', 'At --temperature 0 all answers are the same.'],
    ['--schema --api completions', '--schema does not go with --api completions.'],
    ['--budget-money 1 --price-input 1', 'What a row costs is not known.'],
    ['--price-input 1', 'What a row costs is not known.'],
    ['--price-output 1', 'What a row costs is not known.'],
    ['--budget-money 1', 'What a row costs is not known.'],
    ['--price-input=-1 --price-output 1', '--price-input -1 is not a number from 0.'],
  ])('%s is refused', (more, words) => {
    expect(() => plan(...more.split(' '))).toThrow(words);
  });

  it.each(['data', 'out', 'model'])('needs --%s, and something behind it', (name) => {
    const at = needed.indexOf(`--${name}`);
    const without = needed.toSpliced(at, 2);
    expect(() => planOf(readTeachOptions(without))).toThrow(`teach needs --${name}.`);
    expect(() => planOf(readTeachOptions([...without, `--${name}=`]))).toThrow(`teach needs --${name}.`);
  });
});

describe('the place', () => {
  const place = (...more: string[]) => placeOf(readTeachOptions([...needed, ...more]));
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('has no key where no variable is named, and the one of a variable that is', () => {
    expect(place('--endpoint', 'http://x/v1')).toEqual({ endpoint: new URL('http://x/v1'), key: null });
    vi.stubEnv('A_KEY', 'k');
    expect(place('--endpoint', 'http://x/v1', '--key-env', 'A_KEY').key).toBe('k');
    expect(() => place()).toThrow('teach needs --endpoint.');
  });
});

describe('the rows', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stillroom-teach-rows-'));
    const rows = ['one', 'two', 'three', 'four'].map((input, index) => ({
      input,
      label: index % 2 === 0 ? 'a' : 'b',
      rationale: `as ${input}`,
      teacherLabel: index % 2 === 0 ? 'a' : 'b',
    }));
    writeFileSync(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    writeFileSync(join(folder, 'bare.jsonl'), '{"input":"x","label":"a"}\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const open = (...more: string[]) => {
    const options = readTeachOptions([...needed, '--data', join(folder, 'rows.jsonl'), ...more]);
    return openRows(options, planOf(options));
  };
  const words = (prompt: unknown): string => JSON.stringify(prompt);

  it('are all, or the first so many; the labels are those of all', async () => {
    expect((await open()).rows).toHaveLength(4);
    const { rows, labels } = await open('--rows', '1');
    expect(rows.map(({ input }) => input)).toEqual(['one']);
    expect(labels?.toSorted()).toEqual((await open()).labels?.toSorted());
  });

  it('are shown others as demonstrations, so many, never themselves', async () => {
    const { rows, promptOf } = await open('--demos', '2');
    const shown = rows.map((row) =>
      ['one', 'two', 'three', 'four'].filter((one) => words(promptOf(row)).includes(`as ${one}`)),
    );
    expect(shown).toEqual([
      ['two', 'three'],
      ['one', 'three'],
      ['one', 'two'],
      ['one', 'two'],
    ]);
    expect(words((await open()).promptOf(rows[0]!))).not.toContain('as two');
    await expect(open('--demos', '4')).rejects.toThrow(
      '--demos 4: 4 rows have a rationale that leads to their label, and one more than asked for is needed.',
    );
    expect((await open('--demos', '3')).rows).toHaveLength(4);
  });

  it('are shown the rows of a file, of which one needs a rationale', async () => {
    const { rows, promptOf } = await open('--demos', join(folder, 'rows.jsonl'));
    expect(words(promptOf(rows[0]!))).toContain('as one');
    await expect(open('--demos', join(folder, 'bare.jsonl'))).rejects.toThrow('no row here has a rationale.');
  });

  it('come with an instruction: a person’s own, or none for a model that continues what it is shown', async () => {
    const first = async (...more: string[]) => {
      const { rows, promptOf } = await open(...more);
      const prompt = promptOf(rows[0]!);
      return prompt.kind === 'text' ? prompt.text : prompt.system;
    };
    const usual = /^Answer each question\./;
    expect(await first()).toMatch(usual);
    expect(await first('--demos', '1')).toMatch(usual);
    expect(await first('--instruction', 'Be brief.')).toBe('Be brief.');
    expect(await first('--instruction=')).toBeNull();
    expect(await first('--api', 'completions')).toMatch(usual);
    expect(await first('--api', 'completions', '--demos', '1')).toMatch(/^Q: two\n/);
  });
});
