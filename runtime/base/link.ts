/** One wire of a composition: an imported interface of one part, answered by another part. */
export interface Link {
  readonly importer: string;
  /** Name with version, as the importer spells it. */
  readonly interface: string;
  readonly exporter: string;
}
