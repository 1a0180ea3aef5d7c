/** The page's files in place of a network: what transformers.js asks for while it opens a model. */

/** @param url Below `/model/`. @param files By path below the model's folder. */
export async function respond(url: string, files: ReadonlyMap<string, Blob>): Promise<Response> {
  const path = url.replace(/^\/?model\//, '');
  const file = path === 'tokenizer_config.json' ? await tokenizerConfig(files) : files.get(path);
  if (file === undefined) return new Response('', { status: 404 });
  return new Response(file, { headers: { 'content-length': String(file.size) } });
}

/** Newer folders have the template of turns beside the configuration, where transformers.js does not look. */
async function tokenizerConfig(files: ReadonlyMap<string, Blob>): Promise<Blob> {
  const config = JSON.parse((await files.get('tokenizer_config.json')?.text()) ?? '{}') as object;
  const template = files.get('chat_template.jinja');
  if ('chat_template' in config || template === undefined) return new Blob([JSON.stringify(config)]);
  return new Blob([JSON.stringify({ ...config, chat_template: await template.text() })]);
}
