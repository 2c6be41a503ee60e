import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

const lineSchema = v.object({
  seq: v.number(),
  action: v.string(),
  resource: v.string(),
  reason: v.string(),
});

/** A line of the audit, as far as the suite looks at it. */
export type AuditLine = v.InferOutput<typeof lineSchema>;

/** Returns the audit's lines with numbers above `after`. */
export async function auditLines(
  stateDirectory: string,
  after: number,
): Promise<readonly AuditLine[]> {
  const folder = join(stateDirectory, 'audit');
  const lines: AuditLine[] = [];
  for (const name of (await readdir(folder)).filter(each => each.endsWith('.jsonl'))) {
    const text = await readFile(join(folder, name), 'utf8');
    // The last piece may still be written.
    for (const line of text.split('\n').slice(0, -1)) {
      const parsed = v.parse(lineSchema, JSON.parse(line));
      if (parsed.seq > after) lines.push(parsed);
    }
  }
  return lines.sort((a, b) => a.seq - b.seq);
}
