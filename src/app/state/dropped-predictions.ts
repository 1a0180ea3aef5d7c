/** Predictions that were dropped as a file: a comparison to look at, of no run that is stored here. */
import { create } from 'zustand';
import { accuracyOf, type ComparedAccuracy } from '../../distill/compare.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { mostPredictions, predictionSchema, readLines } from '../../export/read-lines.ts';

export interface DroppedPredictions {
  fileName: string;
  predictions: readonly Prediction[];
  accuracy: ComparedAccuracy;
}

export const useDroppedPredictions = create<{ dropped: DroppedPredictions | null }>(() => ({
  dropped: null,
}));

/** @throws InputError with the line that is none of a run's predictions. */
export async function takePredictions(file: File): Promise<void> {
  const predictions = readLines(await file.text(), predictionSchema, file.name, mostPredictions);
  const metric = predictions[0]?.judgedBy;
  useDroppedPredictions.setState({
    dropped: { fileName: file.name, predictions, accuracy: accuracyOf(predictions, metric) },
  });
}

export function leavePredictions(): void {
  useDroppedPredictions.setState({ dropped: null });
}
