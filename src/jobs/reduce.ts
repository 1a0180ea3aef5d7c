/** A smaller student out of a larger one: fewer layers, and the pieces of the vocabulary that its rows need. */
import { breathe } from '../base/breathe.ts';
import type { Example } from '../data/example.ts';
import type { Watch } from '../distill/ports.ts';
import { explainPrefix, predictPrefix } from '../distill/tasks.ts';
import type { Student } from '../student/folder.ts';
import { textsToKeep } from '../student/reduce/keep-texts.ts';
import { reduceLayers, type LayerChoice, type ReducedLayers } from '../student/reduce/layers.ts';
import { vocabularyWork, type VocabularyReport } from '../student/reduce/vocabulary.ts';

export interface ReductionJob {
  whole: Student;
  /** Null keeps all. */
  encoder: LayerChoice | null;
  decoder: LayerChoice | null;
  /** Null keeps the whole vocabulary. */
  vocabulary: {
    /** So many pieces at most; null keeps no more than the rows need. */
    size: number | null;
    dropRare: boolean;
    /** Their pieces stay. */
    rows: readonly Example[];
  } | null;
}

export interface Reduced {
  student: Student;
  /** Numbers of the layers that stayed. */
  layers: ReducedLayers['kept'];
  vocabulary: VocabularyReport | null;
}

/** @throws InputError where a wish cannot be met; the signal's reason where it was cancelled. */
export async function reduceStudent(job: ReductionJob, { report, signal }: Watch): Promise<Reduced> {
  const { whole, encoder, decoder, vocabulary } = job;
  const layered = reduceLayers(whole, {
    ...(encoder === null ? {} : { encoder }),
    ...(decoder === null ? {} : { decoder }),
  });
  if (vocabulary === null) return { student: layered.student, layers: layered.kept, vocabulary: null };
  const { size, dropRare, rows } = vocabulary;
  const keepTexts = [...textsToKeep(rows, [predictPrefix, explainPrefix])];
  const work = vocabularyWork(layered.student, { size, dropRare, keepTexts });
  for (;;) {
    signal.throwIfAborted();
    const next = work.next();
    if (next.done) {
      return { student: next.value.student, layers: layered.kept, vocabulary: next.value.report };
    }
    report(next.value.what, next.value.done, keepTexts.length);
    await breathe();
  }
}
