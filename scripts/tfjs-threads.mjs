/**
 * A Vite plugin that keeps TensorFlow.js' threaded WebAssembly build whole. Its threads run the text of one of its own
 * functions (`Function.prototype.toString`), and that function asks for a variable outside of itself, guarded by
 * `typeof`. A minifier that sees the variable drops the guard, and every thread ends with a ReferenceError. The
 * variable is only a fallback for a path that the studio always gives, so both uses are taken out.
 */
const guarded = 'if(typeof _scriptDir !== "undefined" && _scriptDir){scriptDirectory=_scriptDir}';
const fallback = '||_scriptDir';

export function tfjsThreads() {
  return {
    name: 'tfjs-threads',
    transform(code, id) {
      if (!id.includes('wasm-out/tfjs-backend-wasm-threaded-simd.js')) return null;
      if (!code.includes(guarded) || !code.includes(fallback)) {
        throw new Error('scripts/tfjs-threads.mjs no longer fits this version of @tensorflow/tfjs-backend-wasm.');
      }
      return { code: code.replace(guarded, '').replace(fallback, ''), map: null };
    },
  };
}
