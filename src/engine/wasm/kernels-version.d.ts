/** What scripts/build-kernels.mjs gives beside the kernels. */
declare module 'virtual:kernels-version' {
  /** A name for this state of the kernels, from their sources: what was measured of others says nothing of these. */
  const version: string;
  export default version;
}
