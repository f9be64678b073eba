/** A file and its path within what was chosen or dropped. */
export type PathAndFile = readonly [path: string, file: File];

/** The files of a list, by their paths within the chosen folder. */
export function chosenFiles(list: FileList | null): PathAndFile[] {
  return [...(list ?? [])].map((file) => [file.webkitRelativePath || file.name, file]);
}

/** The files that were dropped, those of folders included. To be called in the event itself: later the list is empty. */
export async function droppedFiles(transfer: DataTransfer): Promise<PathAndFile[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  return (await Promise.all(entries.map((entry) => filesOf(entry)))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<PathAndFile[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [[entry.fullPath.replace(/^\//, ''), file]];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: PathAndFile[] = [];
  for (;;) {
    // A reader gives a part of the entries at a time, and nothing at the end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return files;
    for (const each of part) files.push(...(await filesOf(each)));
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
