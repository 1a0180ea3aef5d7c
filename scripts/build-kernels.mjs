/**
 * Compiles the WebAssembly kernels (src/engine/wasm/assembly) into src/engine/wasm/generated, in four variants of one
 * program: with a memory that threads share, and with one of its own for places where memory cannot be shared; each with
 * plain SIMD alone, and with relaxed SIMD, whose multiply-adds may be fused.
 * Does nothing where the result is newer than every source. `node scripts/build-kernels.mjs` runs it by hand; the Vite
 * and Vitest configurations run it through `kernels()`.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'engine', 'wasm');
const sources = join(folder, 'assembly');
const target = join(folder, 'generated');
const versionModule = 'virtual:kernels-version';
/** Pages of 64 KiB: the whole of a 32-bit address space. */
const maximumPages = 65_536;
const shared = ['--sharedMemory', '--initialMemory', '1', '--maximumMemory', String(maximumPages)];
const plainSimd = ['--disable', 'relaxed-simd'];
const relaxedSimd = ['--enable', 'relaxed-simd'];
const variants = [
  { file: 'kernels.wasm', options: plainSimd },
  { file: 'kernels-shared.wasm', options: [...plainSimd, ...shared] },
  { file: 'kernels-relaxed.wasm', options: relaxedSimd },
  { file: 'kernels-relaxed-shared.wasm', options: [...relaxedSimd, ...shared] },
];

function newestSource() {
  const files = readdirSync(sources).map((name) => join(sources, name));
  return Math.max(...[...files, fileURLToPath(import.meta.url)].map((file) => statSync(file).mtimeMs));
}

/** Changes whenever any of the sources does, or how they are compiled. */
export function kernelsVersion() {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, name)));
  return hash.digest('hex').slice(0, 12);
}

function isUpToDate(file) {
  return existsSync(file) && statSync(file).mtimeMs >= newestSource();
}

/** The sources' texts by their names. */
function readTexts() {
  const names = readdirSync(sources).filter((name) => name.endsWith('.ts'));
  return new Map(names.map((name) => [name, readFileSync(join(sources, name), 'utf8')]));
}

/** @param optimised How much, as the compiler is told. @returns The program's bytes. */
async function compile(asc, options, texts = readTexts(), optimised = ['-O3', '--converge']) {
  let binary = null;
  const { error, stderr } = await asc.main(
    [
      'index.ts',
      '--outFile',
      'kernels.wasm',
      ...optimised,
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--enable',
      'simd',
      '--enable',
      'threads',
      '--use',
      'abort=',
      ...options,
    ],
    {
      readFile: (name) => texts.get(name) ?? null,
      writeFile: (name, contents) => {
        if (name === 'kernels.wasm') binary = contents;
      },
      listFiles: () => [...texts.keys()],
    },
  );
  if (error !== null || binary === null) {
    throw new Error(`The kernels do not compile.\n${stderr.toString()}${error?.message ?? ''}`);
  }
  return binary;
}

/** The program for its own memory, quickly, with another text in the place of one source: what `npm run mutants` tries. */
export async function compileWith(file, text) {
  const { default: asc } = await import('assemblyscript/asc');
  return compile(asc, variants[0].options, readTexts().set(basename(file), text), ['-O1']);
}

/** Compiles what is out of date. @returns The sizes of what was compiled, by file name. */
export async function buildKernels() {
  const stale = variants.filter(({ file }) => !isUpToDate(join(target, file)));
  if (stale.length === 0) return [];
  mkdirSync(target, { recursive: true });
  const { default: asc } = await import('assemblyscript/asc');
  const built = [];
  for (const { file, options } of stale) {
    const binary = await compile(asc, options);
    // Written aside and renamed, since several builds may run at once.
    const aside = join(target, `${file}.${process.pid}`);
    writeFileSync(aside, binary);
    renameSync(aside, join(target, file));
    built.push({ file, sizeBytes: binary.length, gzippedBytes: gzipSync(binary).length });
  }
  return built;
}

/** A module whose default export is these bytes as a `data:` URL. */
export function inlined(bytes) {
  const url = `data:application/wasm;base64,${Buffer.from(bytes).toString('base64')}`;
  return `export default ${JSON.stringify(url)};`;
}

/**
 * The Vite plugin that keeps the kernels up to date (before each build, test run and start of the server), and puts
 * them into the program where it says `import … from './generated/kernels.wasm?inline'`: as `data:` URLs. The version of
 * their sources is `virtual:kernels-version`.
 */
export function kernels() {
  return {
    name: 'stillroom-kernels',
    enforce: 'pre',
    resolveId: (id) => (id === versionModule ? id : null),
    load(id) {
      if (id === versionModule) return `export default ${JSON.stringify(kernelsVersion())};`;
      const file = join(target, basename(id.replace(/\?inline$/, '')));
      if (!id.endsWith('.wasm?inline') || dirname(id) !== target) return null;
      this.addWatchFile(file);
      return inlined(readFileSync(file));
    },
    async configResolved() {
      await buildKernels();
    },
    configureServer(server) {
      server.watcher.on('change', (file) => {
        if (!file.startsWith(sources)) return;
        buildKernels().catch((error) => server.config.logger.error(String(error)));
      });
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, sizeBytes, gzippedBytes } of await buildKernels()) {
    console.log(`${file}: ${sizeBytes} bytes, ${gzippedBytes} gzipped`);
  }
}
