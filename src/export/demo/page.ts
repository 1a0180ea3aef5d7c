/**
 * A student as one HTML file that answers by itself: configuration, tokenizer, weights and the studio's own engine in
 * it. It opens from `file://`, and its policy lets it ask for nothing from anywhere.
 */
import { answerTokens } from '../../distill/answer.ts';
import { answerPrompt, rationalePrompt } from '../../distill/tasks.ts';
import type { Recipe } from '../../distill/recipe.ts';
import type { Weights } from '../../student/config.ts';
import { FolderFile, modelFolder, type ExportableStudent } from '../model-folder.ts';
import { beyondHalf } from '../../formats/safetensors-writer.ts';

/** What the page's program is told besides the student's files. */
export interface DemoFacts {
  name: string;
  /** What stands before a question to ask for an answer; empty for a student that reads the bare question. */
  answerPrefix: string;
  /** The same for a rationale; null where the student was taught none. */
  rationalePrefix: string | null;
  maxInputTokens: number;
  maxNewTokens: number;
  /** How answers are chosen, as the run measured them; null is greedily. */
  generation: Recipe['generation'];
  /** Questions to try. */
  examples: readonly string[];
}

export interface DemoOptions {
  name: string;
  /** How the student was trained; null where that is not known. */
  recipe: Recipe | null;
  examples: readonly string[];
  /** The page's program, one classic script. */
  program: string;
}

/** The student's files that the program reads. */
const neededFiles = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
/** Of weights in one element, a multiple of three for base64: Chromium ends a page with one of 228 MB. */
const pieceBytes = 3 * 2 ** 20;
const utf8 = new TextEncoder();

/** The page, under `path`. Weights are half floats where these can hold them, else float32. */
export async function demoPage(
  path: string,
  student: ExportableStudent,
  weights: Weights,
  { name, recipe, examples, program }: DemoOptions,
): Promise<FolderFile> {
  const dtype = [...weights.values()].every((values) => beyondHalf(values) === null) ? 'f16' : 'f32';
  const files = modelFolder(student, weights, { dtype, runFile: null, card: null });
  const facts: DemoFacts = {
    name,
    answerPrefix: recipe === null ? '' : answerPrompt(recipe, ''),
    rationalePrefix: recipe === null ? null : rationalePrompt(recipe, ''),
    maxInputTokens: recipe?.maxInputTokens ?? 512,
    maxNewTokens: recipe === null ? 64 : answerTokens(recipe),
    generation: recipe?.generation ?? null,
    examples,
  };
  const script = inScript(program);
  const policy = [
    "default-src 'none'",
    // The program, and the engine that it brings along.
    `script-src ${await sourceOf(script)} 'wasm-unsafe-eval'`,
    `style-src ${await sourceOf(demoStyle)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const head = [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${inMarkup(name)}</title>`,
    `<style>${demoStyle}</style>`,
    '</head>',
    '<body>',
    `<main><h1>${inMarkup(name)}</h1><div id="demo"><p role="status">Opening the student …</p></div></main>`,
    json('facts', JSON.stringify(facts)),
    ...files.filter((file) => neededFiles.includes(file.path)).map((file) => json(file.path, textOf(file))),
    '',
  ].join('\n');
  const tail = `<script>${script}</script>\n</body>\n</html>\n`;
  const model = files.find((file) => file.path === 'model.safetensors')!;
  const before = '<script type="text/plain" data-weights>';
  const after = '</script>\n';
  const pieces = Math.ceil(model.sizeBytes / pieceBytes);
  const [start, end] = [utf8.encode(head), utf8.encode(tail)];
  return new FolderFile(path, {
    sizeBytes:
      start.length + end.length + pieces * (before.length + after.length) + base64Bytes(model.sizeBytes),
    *chunks() {
      yield start;
      for (const piece of inPieces(model.chunks())) yield utf8.encode(before + base64(piece) + after);
      yield end;
    },
  });
}

/** Chunks as pieces of `pieceBytes`, the last one smaller. */
function* inPieces(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + pieceBytes - filled);
      piece.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < pieceBytes) continue;
      yield piece;
      piece = new Uint8Array(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  // A multiple of three, so that parts join; below what one call takes as arguments.
  const size = 24_576;
  for (let from = 0; from < bytes.length; from += size) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(from, from + size))));
  }
  return parts.join('');
}

/** Of `size` bytes in pieces of a multiple of three. */
function base64Bytes(size: number): number {
  return Math.ceil(size / 3) * 4;
}

async function sourceOf(text: string): Promise<string> {
  return `'sha256-${base64(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text))))}'`;
}

function json(id: string, text: string): string {
  // In JSON `<` is in strings alone.
  return `<script type="application/json" data-file="${id}">${text.replaceAll('<', '\\u003c')}</script>`;
}

/** JavaScript that ends no element and begins none: both texts can be in strings and patterns alone. */
function inScript(program: string): string {
  return program.replaceAll('</script', '\\x3c/script').replaceAll('<!--', '\\x3c!--');
}

function inMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function textOf(file: FolderFile): string {
  return new TextDecoder().decode(file.bytes);
}

/** The page's style: the studio's colours, system fonts. */
const demoStyle = `
:root { color-scheme: light dark; --paper: #faf7f2; --raised: #fffdf9; --ink: #211d17; --soft: #4d463b; --line: #8f8676; --copper: #9f4717; --on-copper: #fffdf9; --glass: #196b67; }
@media (prefers-color-scheme: dark) { :root { --paper: #16140f; --raised: #1f1c16; --ink: #ece6da; --soft: #cfc7b8; --line: #8f8676; --copper: #f0a577; --on-copper: #16140f; --glass: #7cc9c4; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem; }
h1 { font: 1.75rem/1.2 Georgia, serif; overflow-wrap: anywhere; }
h2 { font-size: 0.9375rem; margin: 1.25rem 0 0.25rem; }
label { display: block; font-weight: 600; margin-bottom: 0.25rem; }
textarea { box-sizing: border-box; width: 100%; min-height: 6rem; padding: 0.5rem; font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; }
button { font: inherit; padding: 0.5rem 1rem; border-radius: 6px; border: 1px solid var(--line); background: var(--raised); color: inherit; cursor: pointer; text-align: start; }
button[type='submit'] { background: var(--copper); color: var(--on-copper); border-color: var(--copper); margin-top: 0.5rem; }
button:focus-visible, textarea:focus-visible { outline: 2px solid var(--glass); outline-offset: 2px; }
ul { list-style: none; padding: 0; display: grid; gap: 0.5rem; }
.answer { color: var(--copper); } .rationale { color: var(--glass); }
.answer, .rationale { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.note { color: var(--soft); font-size: 0.875rem; }
`;
