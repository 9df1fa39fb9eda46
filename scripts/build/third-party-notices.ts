import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const RULE = '-'.repeat(78);

/** The licences of the packages in these folders as one text. Throws for a package that ships none. */
export async function noticesOf(folders: readonly string[]): Promise<string> {
  if (folders.length === 0) return 'No code of other packages is in this folder.\n';
  const notices = await Promise.all(folders.map(noticeOf));
  const head = 'This folder contains code of the packages below, under the licences that follow their names.';
  return `${[head, ...notices.sort()].join(`\n\n${RULE}\n`)}\n`;
}

async function noticeOf(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const names = await readdir(folder);
  const files = names.filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
  if (files.length === 0) {
    throw new Error(
      `${manifest.name} ${manifest.version} is bundled but ships no licence text (package.json says ${manifest.license ?? 'none'}). ` +
        'Ask its authors for the text, or do not bundle it.',
    );
  }
  const texts = await Promise.all(
    files.map(async (file) => (await readFile(join(folder, file), 'utf8')).trim()),
  );
  return [`${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})`, ...texts].join('\n\n');
}
