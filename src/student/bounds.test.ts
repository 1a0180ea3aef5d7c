/** Files that are all lists or tiny pieces: each is refused before it is parsed. */
import { describe, expect, it, vi } from 'vitest';
import { readStudentOutline, readStudentFolder } from './folder.ts';
import { filesInMemory, type StudentFiles } from './student-files.ts';
import { namedBase, parseAdapterConfig } from './lora/peft-folder.ts';
import { jsonBytes, tinyFolder } from './testing/tiny-student.ts';
import { parseTokenizer } from './tokenizer.ts';

const encoder = new TextEncoder();
const lists = (many: number): string => `[${Array.from({ length: many }, () => '[]').join(',')}]`;
const folderWith = (name: string, content: string | Uint8Array): StudentFiles => {
  const files = new Map(tinyFolder({}));
  files.set(name, typeof content === 'string' ? encoder.encode(content) : content);
  return filesInMemory(files);
};

describe('a student’s file of too many values', () => {
  it.each([
    ['config.json', `{"model_type":"t5","x":${lists(150_000)}}`],
    ['tokenizer_config.json', `{"x":${lists(150_000)}}`],
    ['generation_config.json', `{"x":${lists(150_000)}}`],
    ['tokenizer.json', `{"model":${lists(800_000)}}`],
  ])('%s is not parsed', async (name, text) => {
    const parse = vi.spyOn(JSON, 'parse');
    await expect(readStudentOutline(folderWith(name, text), 'made')).rejects.toThrow(
      /This file has more than [\d,]+ values; more are not read\./u,
    );
    expect(parse.mock.calls.some(([parsed]) => parsed === text)).toBe(false);
    parse.mockRestore();
  });

  it('an index, a header and an adapter’s configuration neither', async () => {
    const files = new Map(tinyFolder({}));
    files.delete('model.safetensors');
    files.set('model.safetensors.index.json', encoder.encode(`{"weight_map":{},"x":${lists(40_000)}}`));
    await expect(readStudentFolder(filesInMemory(files), 'made')).rejects.toThrow(
      'This file has more than 60,000 values',
    );
    const header = encoder.encode(`{"x":${lists(700_000)}}`);
    const weights = new Uint8Array(8 + header.length);
    new DataView(weights.buffer).setBigUint64(0, BigInt(header.length), true);
    weights.set(header, 8);
    await expect(readStudentFolder(folderWith('model.safetensors', weights), 'made')).rejects.toThrow(
      'This file has more than 600,000 values',
    );
    const adapter = `{"peft_type":"LORA","x":${lists(150_000)}}`;
    expect(() => parseAdapterConfig(adapter, 'adapter_config.json')).toThrow('more than 200,000 values');
    expect(namedBase(adapter)).toBeNull();
  });

  it('or of too many bytes is not read', async () => {
    const named = (name: string, sizeBytes: number): StudentFiles => {
      const inner = folderWith(name, '{}');
      return { ...inner, sizeBytes: (one) => (one === name ? sizeBytes : inner.sizeBytes!(one)) };
    };
    await expect(readStudentOutline(named('config.json', 20_000_001), 'made')).rejects.toThrow(
      'This file has 20.0 MB; more than 20.0 MB is not read.',
    );
    await expect(readStudentOutline(named('tokenizer.json', 60_000_001), 'made')).rejects.toThrow(
      'more than 60.0 MB is not read.',
    );
    await expect(
      readStudentOutline(named('tokenizer_config.json', 20_000_000), 'made'),
    ).resolves.toBeDefined();
  });
});

it('as many pieces as mT5 has are a tokenizer', () => {
  const pieces = Array.from({ length: 250_100 }, (_, id) => [
    id < 3 ? ['<pad>', '</s>', '<unk>'][id]! : `▁p${id}`,
    -id,
  ]);
  const tokenizer = JSON.stringify({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: { type: 'Unigram', unk_id: 2, vocab: pieces },
  });
  expect(parseTokenizer({ tokenizer, config: null }, { endId: 1 }).vocabularySize).toBe(250_100);
});

it('a configuration is taken as it was', async () => {
  const files = new Map(tinyFolder({}));
  files.set('generation_config.json', jsonBytes({ max_new_tokens: 7 }));
  expect((await readStudentOutline(filesInMemory(files), 'made')).generationConfig).toEqual({
    max_new_tokens: 7,
  });
});
