import { expect, it } from 'vitest';
import { notebookRecipe } from '../../distill/recipe.ts';
import { parseSafetensors } from '../../formats/safetensors.ts';
import { readStudentFolder } from '../../student/folder.ts';
import { filesInMemory } from '../../student/student-files.ts';
import { tinyFolder } from '../../student/testing/tiny-student.ts';
import { demoPage, type DemoFacts } from './page.ts';

const hostile = '</script><script>alert(1)</script> & <!-- "quoted"';

async function page(overrides: Readonly<Record<string, unknown>> = {}) {
  const student = await readStudentFolder(filesInMemory(tinyFolder(overrides)), 'tiny');
  const file = await demoPage('demo.html', student, student.weights, {
    name: hostile,
    recipe: notebookRecipe,
    examples: [hostile],
    program: 'const text = "</script><!--";',
  });
  return { student, file, text: new TextDecoder().decode(file.bytes) };
}

/** What stands between the tags of the elements with this attribute. */
function contents(text: string, attribute: string): string[] {
  return [...text.matchAll(new RegExp(`<script [^>]*${attribute}>([^<]*)</script>`, 'g'))].map(
    ([, one]) => one!,
  );
}

it('holds the student, and is as large as it says', async () => {
  const { student, file, text } = await page({ d_model: 256, d_ff: 768 });
  expect(file.bytes).toHaveLength(file.sizeBytes);
  const pieces = contents(text, 'data-weights');
  expect(pieces.length).toBeGreaterThan(1);
  const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64')));
  const { tensors } = parseSafetensors(new Uint8Array(bytes), 'model');
  expect([...tensors.keys()].sort()).toEqual([...student.weights.keys()].sort());
  for (const [name, { data }] of tensors) {
    student.weights.get(name)!.forEach((value, at) => {
      if (Math.abs(data[at]! - value) > Math.abs(value) * 2 ** -11 + 2 ** -25)
        throw new Error(`${name} ${at}`);
    });
  }
  expect(JSON.parse(contents(text, 'data-file="config.json"')[0]!)).toMatchObject({ d_model: 256 });
});

it('shows text from people as text, whatever is in it', async () => {
  const { text } = await page();
  // The style's own element, and these scripts: nothing that a name or an example brought.
  expect(text.match(/<script/g)).toHaveLength(text.match(/<\/script>/g)!.length);
  expect(text).not.toContain('<script>alert');
  expect(text).not.toContain('<!--');
  expect(text).toContain('const text = "\\x3c/script>\\x3c!--";');
  const facts = JSON.parse(contents(text, 'data-file="facts"')[0]!) as DemoFacts;
  expect(facts).toEqual({
    name: hostile,
    answerPrefix: 'predict: ',
    rationalePrefix: 'explain: ',
    maxInputTokens: notebookRecipe.maxInputTokens,
    maxNewTokens: notebookRecipe.generationMaxTokens,
    generation: null,
    examples: [hostile],
  });
});

it('lets the page ask for nothing, and run its own program alone', async () => {
  const { text } = await page();
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(text)![1]!;
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'sha256-[\w+/]{43}=' 'wasm-unsafe-eval'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'$/,
  );
});
