/** Where a broker is and how it is spoken to. Secrets stay in files, read at each connect. */
export interface MqttConnectionSettings {
  /** What guests and grants call the connection. */
  readonly label: string;
  /** `mqtt://HOST:PORT` or `mqtts://HOST:PORT`; never with credentials. */
  readonly url: string;
  /** 1 to 64 of `a-z A-Z 0-9 . _ -`; unique at the broker. */
  readonly clientId: string;
  /** Silence after which the broker is pinged. */
  readonly keepaliveMs: number;
  /** A file with the user name in its first line and the password in its second, or null. */
  readonly credentialsFile: string | null;
  /** Absent files: the system's authorities, no certificate of our own. */
  readonly tls: MqttTlsFiles;
}

/** PEM files of a connection; only `mqtts` uses them. */
export interface MqttTlsFiles {
  readonly caFile: string | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}
