import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/**
 * Takes built-in modules from `process.getBuiltinModule` instead of importing them.
 *
 * An import of `node:fs` or `node:util` makes Node look at every export of the module, and through those that are loaded
 * on demand it loads streams, workers and more: a third of the time in which a small program starts. Here only what the
 * code names is looked at. A CommonJS package gets an object whose members are looked up when they are used.
 */
export const builtinModules: Plugin = {
  name: 'builtin-modules',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const name = path.startsWith('node:') ? path : `node:${path}`;
      return {
        path: name,
        namespace: kind === 'require-call' ? 'builtin-cjs' : 'builtin-esm',
        sideEffects: false,
      };
    });
    build.onLoad({ filter: /.*/, namespace: 'builtin-esm' }, async ({ path }) => ({
      contents: await moduleText(path),
      loader: 'js',
    }));
    build.onLoad({ filter: /.*/, namespace: 'builtin-cjs' }, ({ path }) => ({
      contents: commonJsText(path),
      loader: 'js',
    }));
  },
};

/** Constants that are dropped when nobody imports them: the comment says that the call has no effect. */
async function moduleText(path: string): Promise<string> {
  const names = Object.keys((await import(path)) as object);
  const lines = names
    .filter((name) => name !== 'default' && IDENTIFIER.test(name))
    .map((name) => `export const ${name} = /* @__PURE__ */ $member(${JSON.stringify(name)});`);
  return [
    `const $module = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)});`,
    'const $member = (name) => $module[name];',
    ...lines,
    'export default $module;',
  ].join('\n');
}

/** A module that is itself a function or class, such as `node:events`, has to be given as it is. */
function commonJsText(path: string): string {
  const module: unknown = process.getBuiltinModule(path);
  const name = JSON.stringify(path);
  if (typeof module !== 'object' || module === null)
    return `module.exports = process.getBuiltinModule(${name});`;
  const members = JSON.stringify(Object.keys(module).filter((member) => IDENTIFIER.test(member)));
  return `for (const member of ${members}) {
  Object.defineProperty(exports, member, { enumerable: true, get: () => process.getBuiltinModule(${name})[member] });
}`;
}
