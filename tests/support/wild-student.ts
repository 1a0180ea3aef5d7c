/** A tiny student whose answers differ from input to input. */
import { readStudentFolder, type Student } from '../../src/student/folder.ts';
import { filesInMemory } from '../../src/student/student-files.ts';
import { tinyFolder } from '../../src/student/testing/tiny-student.ts';

/** Numbers from a fixed seed (a linear congruential generator): the same rows everywhere. */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Weights much larger than at the start of training, so that answers differ and the chosen token leads. */
export async function wildStudent(overrides: Readonly<Record<string, unknown>>): Promise<Student> {
  const student = await readStudentFolder(filesInMemory(tinyFolder(overrides)), 'tiny');
  const next = numbers(7);
  for (const [name, values] of student.weights)
    if (!name.includes('layer_norm')) values.forEach((_, at) => (values[at] = next(2001) / 1000 - 1));
  return student;
}
