/** A run, to come or stored, as a project in PyTorch that the browser saves as a zip. */
import type { CommandOf } from '../../worker/protocol.ts';
import { saveFile } from '../download.ts';
import { studio } from './studio.ts';

export async function saveProject(of: CommandOf<'export-project'>['of']): Promise<void> {
  const project = await studio.exportProject(of);
  if (project !== null) saveFile(project.fileName, project.blob);
}
