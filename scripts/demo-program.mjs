/**
 * A Vite plugin that puts the program of a demo page (`demo.js`, its own build) beside the studio: Take away reads
 * it and writes it into the page that is handed over.
 */
import { join } from 'node:path';
import { root } from './install.mjs';

async function demoProgram() {
  const { build } = await import('vite');
  const [{ output }] = [
    await build({
      root,
      configFile: join(root, 'vite.demo.config.ts'),
      logLevel: 'warn',
      build: { write: false },
    }),
  ].flat();
  return output.find(({ type }) => type === 'chunk').code;
}

export function demoBesideStudio() {
  return {
    name: 'stillroom-demo-program',
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'demo.js', source: await demoProgram() });
    },
    configureServer(server) {
      server.middlewares.use('/demo.js', (_request, response, next) => {
        demoProgram().then((code) => {
          response.setHeader('Content-Type', 'text/javascript');
          response.end(code);
        }, next);
      });
    },
  };
}
