/** Whether all settings of the recipe are unfolded: by the person, or by whoever has just filled them from elsewhere. */
import { create } from 'zustand';

/** For the life of the page: a run comes and goes, and the settings stay as they were left. */
const useOpen = create<{ open: boolean }>(() => ({ open: false }));

function setOpen(open: boolean): void {
  useOpen.setState({ open });
}

/** Train shows all settings: now where it is on the screen, else when it is next opened. */
export function openSettings(): void {
  setOpen(true);
}

export function useSettingsOpen(): [boolean, (open: boolean) => void] {
  return [useOpen(({ open }) => open), setOpen];
}
