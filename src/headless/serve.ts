/** `headless serve`: a student behind HTTP, on the project's own engine. The contract is in serve/. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DeviceLostError, InputError, reportError } from '../base/errors.ts';
import { parseRecipe } from '../distill/recipe.ts';
import { engineChoices } from '../engine/choose.ts';
import { EngineOwner } from '../jobs/engine-owner.ts';
import { machineAuthorization, openBucketFolder } from '../serve/bucket.ts';
import { askedAs, type ServedModel } from '../serve/served-model.ts';
import { Service } from '../serve/service.ts';
import { readSettings, type ServeSettings } from '../serve/settings.ts';
import { findFolder, type StudentFiles } from '../student/student-files.ts';
import { oneOf, readOptions, wholeNumber } from './arguments.ts';
import { onEnding } from './ending.ts';
import { openFolder } from './files.ts';
import { studentFolder } from './hub-student.ts';
import { openEngine } from './machine.ts';
import { readStudent } from './read-student.ts';

/** What is left for answers on their way once all are made; connections that are still open then are cut. */
const lastAnswersMs = 1_000;

export async function serve(args: string[]): Promise<void> {
  const options = readOptions('serve', args, {
    student: { type: 'string' },
    run: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    engine: { type: 'string' },
    threads: { type: 'string' },
  });
  const told = readSettings(process.env);
  const settings: ServeSettings = {
    ...told,
    host: options.host ?? told.host,
    port: wholeNumber('port', options.port, 65_535) ?? told.port,
    threads: wholeNumber('threads', options.threads, 256) ?? told.threads,
  };
  const engine = oneOf('engine', options.engine, engineChoices) ?? 'wasm';
  const where = modelPlace(options, settings);
  const service = new Service(settings, (line) => console.log(JSON.stringify(line)));
  // Requests come in from now on and are told that the model is being loaded.
  const server = await listen(settings, service);
  const failure = await new Promise<Error | null>((resolve) => {
    onEnding(() => resolve(null));
    process.once('SIGINT', () => resolve(null));
    loadModel(where, engine, settings, resolve).then(
      (model) => {
        service.ready(model);
        console.error('The model is loaded.');
      },
      (error: unknown) => resolve(error instanceof Error ? error : new Error(String(error))),
    );
  });
  if (failure === null) console.error('Ending: what was taken is answered first. Ctrl+C ends at once.');
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  await service.end();
  // A client that has sent nothing, or half of a header, would keep the server from its end.
  const cut = setTimeout(() => server.closeAllConnections(), lastAnswersMs);
  await closed;
  clearTimeout(cut);
  if (failure !== null) throw failure;
}

type Place = { folder: string } | { uri: string };

function modelPlace(options: { student?: string; run?: string }, { storageUri }: ServeSettings): Place {
  const { student, run } = options;
  if (student !== undefined && run !== undefined) {
    throw new InputError('--student and --run are both given.', 'Name one of them.');
  }
  if (student !== undefined) return { folder: student };
  if (run !== undefined) return { folder: join(run, 'model') };
  if (storageUri !== null) return { uri: storageUri };
  throw new InputError(
    'serve needs a student.',
    'Name its folder with --student DIR, or a finished run with --run DIR.',
  );
}

function openPlace(place: Place, { storageOrigin }: ServeSettings): Promise<StudentFiles> {
  if ('folder' in place) return openFolder(place.folder);
  // An emulator asks for no token, and must not be sent one.
  const isGoogle = storageOrigin.endsWith('.googleapis.com');
  return openBucketFolder(place.uri, {
    origin: storageOrigin,
    authorization: () => (isGoogle ? machineAuthorization(fetch) : Promise.resolve(null)),
    md5: (bytes) => createHash('md5').update(bytes).digest('base64'),
    fetch,
  });
}

/** @param lost What computes is gone: only a new start helps. */
async function loadModel(
  named: Place,
  engineName: (typeof engineChoices)[number],
  settings: ServeSettings,
  lost: (error: Error) => void,
): Promise<ServedModel> {
  const place = 'folder' in named ? { folder: await studentFolder(named.folder) } : named;
  const name = 'folder' in place ? place.folder : place.uri;
  const files = await openPlace(place, settings);
  const recipeText = await findFolder(files, name).text('run.json');
  const recipe = recipeText === null ? null : parseRecipe(recipeText, join(name, 'run.json'));
  const student = await readStudent(name, files);
  const opened = await openEngine(student, { engine: engineName, backend: null, threads: settings.threads });
  const { engine, backend, adapter } = opened.describe();
  console.error(`Engine: ${engine} on ${backend} (${adapter}).`);
  const owner = new EngineOwner(opened);
  return {
    tokenizer: student.tokenizer,
    ...askedAs(recipe),
    generate: async (rows, generation) => {
      try {
        const generated = await owner.use((turn) => turn.engine.generate(rows, generation));
        return generated.map(({ ids }) => ids);
      } catch (error) {
        if (error instanceof DeviceLostError) lost(error);
        throw error;
      }
    },
  };
}

async function listen({ host, port, bodyWaitMs }: ServeSettings, service: Service): Promise<Server> {
  // The service itself counts a body's time, and says so: Node's own limit is for headers, and comes after.
  const limits = {
    headersTimeout: bodyWaitMs,
    requestTimeout: 2 * bodyWaitMs,
    connectionsCheckingInterval: 1_000,
  };
  const server = createServer(limits, (request, response) => {
    answer(service, server, request, response).catch((error: unknown) => {
      // The sender is gone, or what is left of it cannot be written to.
      console.error(reportError(error).message);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new InputError(
          `Port ${port} of ${host} cannot be listened on (${error.code ?? error.message}).`,
          'Choose another one with --port.',
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  console.error(`Listening on http://${host.includes(':') ? `[${host}]` : host}:${actual}.`);
  return server;
}

async function answer(
  service: Service,
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, headers, body } = await service.handle({
    method: request.method ?? '',
    url: request.url ?? '',
    authorization: request.headers.authorization ?? null,
    body: request,
  });
  // Once the server is closed, a connection that stays open would keep it from ending.
  const last = server.listening ? {} : { Connection: 'close' };
  response.writeHead(status, { ...headers, ...last, 'Content-Length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? '' : body);
}
