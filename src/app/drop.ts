/** Files out of a drop or a file chooser, folders walked through. */

export interface DroppedFile {
  /** Path inside what was dropped: `student/config.json`. */
  path: string;
  file: File;
}

/** Folders deeper than this are no students and no data. */
const deepest = 4;
/** Files beyond this count are left alone: somebody dropped a home folder. */
const most = 500;

/**
 * Everything in a drop. Must be called while the event is handled: its items are gone afterwards.
 * @returns Files in the order in which they are found.
 */
export function filesOfDrop(transfer: DataTransfer): Promise<DroppedFile[]> {
  const entries = [...transfer.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  const plain = [...transfer.files];
  return (async () => {
    const files: DroppedFile[] = [];
    for (const entry of entries) if (entry) await walk(entry, 0, files);
    return files.length > 0 ? files : plain.map((file) => ({ path: file.name, file }));
  })();
}

/** Everything that a file chooser returned; for folders, with the path inside the folder. */
export function filesOfInput(input: HTMLInputElement): DroppedFile[] {
  return [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** True for what looks like a student's folder and not like rows. */
export function isStudentFolder(files: readonly DroppedFile[]): boolean {
  return files.some(({ path }) => {
    const name = nameOf(path);
    return (
      name === 'config.json' ||
      name === 'adapter_config.json' ||
      name.endsWith('.safetensors') ||
      /^pytorch_model.*\.bin$/.test(name) ||
      name === 'spiece.model'
    );
  });
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

async function walk(entry: FileSystemEntry, depth: number, files: DroppedFile[]): Promise<void> {
  if (files.length >= most) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    // Finder and Explorer leave notes of their own in folders.
    if (!file.name.startsWith('.')) files.push({ path: entry.fullPath.replace(/^\//, ''), file });
  } else if (depth < deepest && !entry.name.startsWith('.')) {
    // Not into .git, whose many files would use up the count.
    for (const child of await childrenOf(entry as FileSystemDirectoryEntry))
      await walk(child, depth + 1, files);
  }
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  // A reader returns at most a hundred at a time, and none when it is at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return children;
    children.push(...some);
  }
}
