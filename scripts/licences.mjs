/**
 * A Vite plugin that writes `licences.txt` beside the built studio: the licence text of every package whose code or
 * fonts are in the build. Most licences ask for that of whoever hands copies on.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const licenceFile = /^(licen[cs]e|copying|notice|ofl)([.-].*)?$/i;

/** The folder of the package that a module belongs to; null for the project's own. */
function packageOf(id) {
  const path = id.replace(/^\0/, '').split('?')[0];
  if (!path.includes('/node_modules/')) return null;
  for (let folder = dirname(path); folder.includes('/node_modules/'); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    // Folders inside a package may have a package.json of their own, which has no version.
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version !== undefined) return folder;
  }
  return null;
}

function entryOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => licenceFile.test(file));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  // What names its licence without having its text is named at least.
  const text =
    texts.length === 0
      ? `Licence: ${license ?? 'not named'}. The package has no text of it.`
      : texts.join('\n\n');
  return { title: `${name} ${version}${license === undefined ? '' : ` (${license})`}`, text };
}

/** @param folders Shared by the plugin's copies for the page and for its workers. */
export function licences(folders = new Set()) {
  const collect = {
    name: 'stillroom-licences-of-workers',
    apply: 'build',
    generateBundle() {
      for (const id of this.getModuleIds()) {
        const folder = packageOf(id.replaceAll('\\', '/'));
        if (folder !== null) folders.add(folder);
      }
    },
  };
  const write = {
    ...collect,
    name: 'stillroom-licences',
    generateBundle(...args) {
      collect.generateBundle.apply(this, args);
      const entries = [...folders].map(entryOf).sort((a, b) => (a.title < b.title ? -1 : 1));
      const source = entries
        .map(({ title, text }) => `${title}\n${'-'.repeat(title.length)}\n\n${text}\n`)
        .join('\n\n');
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
    },
  };
  return { collect, write };
}
