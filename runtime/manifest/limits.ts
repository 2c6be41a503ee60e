/** Bounds of a release, its written forms and its parts. */

/** Bytes of an envelope with its payloads. */
export const ENVELOPE_BYTES_MAX = 32 * 1_024 * 1_024;
/** Bytes of the manifest within it. */
export const MANIFEST_BYTES_MAX = 1_024 * 1_024;
/** Bytes of the authentication wrapper: digest and signatures. */
export const AUTHENTICATION_BYTES_MAX = 32 * 1_024;
/** Characters of a `release.toml`. */
export const RELEASE_TOML_CHARACTERS_MAX = 1_024 * 1_024;

/** Controllers of a release. */
export const CONTROLLERS_MAX = 64;
/** Parts of a controller. */
export const PARTS_MAX = 8;
/** Components of a release: its controllers' own and their parts. */
export const IMAGES_MAX = 120;
/** Links of a controller. */
export const LINKS_MAX = 32;
/** Bytes of a part's linear memory, at least: one page. */
export const PART_MEMORY_BYTES_MIN = 65_536;
/** Bytes of it at most: what 32 bits address. */
export const PART_MEMORY_BYTES_MAX = 4_294_967_296;
/** Characters of the name of a WIT interface with its version. */
export const INTERFACE_CHARACTERS_MAX = 256;
/** Capability requests of a controller. */
export const REQUESTS_MAX = 128;
/** Characters of the reason of a request. */
export const REASON_CHARACTERS_MAX = 512;
/** Entries of a controller's configuration. */
export const CONFIG_ENTRIES_MAX = 256;
/** Bytes of a key of it. */
export const CONFIG_KEY_BYTES_MAX = 256;
/** Bytes of a value of it. */
export const CONFIG_VALUE_BYTES_MAX = 8 * 1_024;
/** Bytes of its keys and values in sum. */
export const CONFIG_BYTES_MAX = 128 * 1_024;
/** Characters of the name of a release, a controller or a class. */
export const NAME_CHARACTERS_MAX = 64;
/** Characters of a semantic version. */
export const VERSION_CHARACTERS_MAX = 64;
/** Characters of a domain name (RFC 1035 2.3.4). */
export const DOMAIN_CHARACTERS_MAX = 253;
/** Seconds since 1970 of the last second that RFC 3339 can write. */
export const TIME_S_MAX = 253_402_300_799;
/** Places beside the envelope where a component can be had. */
export const URIS_MAX = 8;
/** Characters of one of them. */
export const URI_CHARACTERS_MAX = 512;
/** Instances of a controller at a time. */
export const REPLICAS_MAX = 64;
/** The number of a schema of saved state. */
export const STATE_SCHEMA_MAX = 65_535;
/** Languages in which a release says something of itself. */
export const LANGUAGES_MAX = 16;
/** Characters of the tag of a language. */
export const LANGUAGE_CHARACTERS_MAX = 35;
/** Bytes of all texts of a release. */
export const TEXT_BYTES_MAX = 256 * 1_024;
/** Bytes of its bill of materials. */
export const SBOM_BYTES_MAX = 4 * 1_024 * 1_024;
/** Characters of the description of a release. */
export const DESCRIPTION_CHARACTERS_MAX = 4_096;
