import type { SourceFile } from './source-files.ts';

/** Circles of imports, types included: each as the files that form it. A lazy import is none: it waits until it is called. */
export function circlesIn(files: readonly SourceFile[]): string[][] {
  const graph = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.flatMap(({ target, isLazy }) => (target === undefined || isLazy ? [] : [target])),
    ]),
  );
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    low.set(path, order.get(path) ?? 0);
    stack.push(path);
    for (const next of graph.get(path) ?? []) {
      if (!graph.has(next)) continue;
      if (!order.has(next)) visit(next);
      else if (!stack.includes(next)) continue;
      low.set(path, Math.min(low.get(path) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(path) !== order.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1) circles.push(circle);
  };
  for (const path of graph.keys()) if (!order.has(path)) visit(path);
  return circles;
}

const VALUE_EXPORT = /^export (?:async )?(?:function\*?|const|class|let) (\w+)/gm;

/** Values that a file of `src` exports and that nothing imports, as `path: name`. */
export function unusedExports(files: readonly SourceFile[], users: readonly SourceFile[]): string[] {
  const imported = new Set(users.flatMap((file) => importedNames(file)));
  return files.flatMap(({ path, code }) =>
    [...code.matchAll(VALUE_EXPORT)].flatMap(([, name = '']) =>
      imported.has(`${path} ${name}`) || imported.has(`${path} *`) ? [] : [`${path}: ${name}`],
    ),
  );
}

const CLAUSE = /^(?:import|export)\b([^;'"]*?)\bfrom\s*(?=['"])/gm;

function importedNames({ code, imports }: SourceFile): string[] {
  const clauses = new Map(
    [...code.matchAll(CLAUSE)].map((match) => [lineOf(code, match.index + match[0].length), match[1] ?? '']),
  );
  return imports.flatMap(({ target, line, isLazy }) => {
    if (target === undefined) return [];
    const clause = clauses.get(line) ?? '';
    if (isLazy || clause.includes('*')) return [`${target} *`];
    return [...clause.matchAll(/\b(\w+)\b(?:\s+as\s+\w+)?/g)].map(([, name]) => `${target} ${name}`);
  });
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The files in which a pattern of code stands. */
export function filesWith(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.filter(({ code }) => pattern.test(code)).map(({ path }) => path);
}
