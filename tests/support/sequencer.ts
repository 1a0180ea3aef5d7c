/** Which files of tests are begun first. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { needsItsOwnProcess } from './unit-pool.ts';

/** What takes longest of each kind: begun last, one core would wait for the other. */
const long =
  /\/(wgsl\/(goldens|operations)\.gpu|wgsl\/shaders|twin\/goldens|headless\/reduce|student\/tokenizer|worker\/hostile)\.test\.ts$/;

/** Those with a process each come before the rest: between two others they would end the process that these share. */
function place({ moduleId, project }: TestSpecification): number {
  if (long.test(moduleId)) return 0;
  return project.name === 'unit' && needsItsOwnProcess(moduleId) ? 1 : 2;
}

export class Sequencer extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications);
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}
