/** What a link names of a hub: the fields for names have it already when their screen opens; nothing is asked before. */
import { create } from 'zustand';
import { hubPrefix } from '../../hub/hub-name.ts';

export const useWanted = create<{ student: string; data: string }>(() => ({ student: '', data: '' }));

/** @param place `hub:owner/name@commit`. */
export function wantFromHub(key: 'student' | 'data', place: string): void {
  useWanted.setState({ [key]: place.slice(hubPrefix.length) });
}
