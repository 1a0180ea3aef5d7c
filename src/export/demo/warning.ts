/** Above this a demo page opens slowly, and Chromium holds the weights three times over. */
export const demoWarningBytes = 50e6;
