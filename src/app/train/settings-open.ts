/** Whether all settings of the recipe are unfolded: by the person, or by whoever has just filled them from elsewhere. */
import { useEffect, useState } from 'react';

let wanted = false;

/** Train shows all settings when it is next opened. */
export function openSettings(): void {
  wanted = true;
}

export function useSettingsOpen(): [boolean, (open: boolean) => void] {
  const state = useState(wanted);
  useEffect(() => {
    wanted = false;
  }, []);
  return state;
}
