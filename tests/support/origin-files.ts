/** Files of an origin (OPFS), in memory: as far as pieces of files are written, read and removed. */

type Folder = Map<string, Uint8Array<ArrayBuffer>>;

const absent = () => Promise.reject(new DOMException('gone', 'NotFoundError'));

/** @param refuse Asked before each write: what it throws, the writing fails with. */
export function originFiles(refuse: (name: string) => void = () => undefined) {
  const folders = new Map<string, Folder>();
  const handleOf = (files: Folder) => ({
    getFileHandle: (name: string, { create = false } = {}) => {
      if (!files.has(name) && !create) return absent();
      if (!files.has(name)) files.set(name, new Uint8Array());
      let written = new Uint8Array();
      return Promise.resolve({
        getFile: () => Promise.resolve(new Blob([files.get(name)!.slice()])),
        createWritable: () =>
          Promise.resolve({
            write: async (bytes: Uint8Array<ArrayBuffer>) => {
              await Promise.resolve();
              refuse(name);
              written = bytes;
            },
            close: () => Promise.resolve(void files.set(name, written)),
          }),
      });
    },
    removeEntry: (name: string) => (files.delete(name) ? Promise.resolve() : absent()),
  });
  const root = {
    getDirectoryHandle: (name: string, { create = false } = {}) => {
      if (!folders.has(name) && !create) return absent();
      if (!folders.has(name)) folders.set(name, new Map());
      return Promise.resolve(handleOf(folders.get(name)!));
    },
    removeEntry: (name: string, { recursive = false } = {}) => {
      if (!recursive && (folders.get(name)?.size ?? 0) > 0)
        return Promise.reject(new DOMException('not empty', 'InvalidModificationError'));
      return folders.delete(name) ? Promise.resolve() : absent();
    },
  };
  return { folders, getDirectory: () => Promise.resolve(root) };
}
