import type { ManifestReader } from './manifest-reader.ts';
import { packageIds } from './package-id.ts';

/** `go.mod`, with the modules that a `go.work` uses. */
export const go: ManifestReader = {
  registry: 'go',
  files: /^go\.(?:mod|sum|work)$/,
  read(files) {
    const members = files.members(entries(files.text('go.work') ?? '', 'use'));
    const texts = ['.', ...members].map((folder) => files.text(`${folder}/go.mod`) ?? '');
    return {
      provides: packageIds(
        'go',
        texts.flatMap((text) => entries(text, 'module')),
      ),
      dependsOn: packageIds(
        'go',
        texts.flatMap((text) => entries(text, 'require')),
      ),
    };
  },
};

/** The first words of what follows a directive: on its line, or on each line of its block. */
function entries(text: string, directive: string): string[] {
  const found: string[] = [];
  let isInBlock = false;
  for (const line of text.split('\n')) {
    const [first = '', second = ''] = line
      .replace(/\/\/.*$/, '')
      .trim()
      .split(/\s+/);
    if (isInBlock && first === ')') isInBlock = false;
    else if (isInBlock) found.push(first);
    else if (first === directive && second.startsWith('(')) isInBlock = true;
    else if (first === directive) found.push(second);
  }
  return found.map((word) => word.replace(/^["`]|["`]$/g, '')).filter((word) => word !== '');
}
