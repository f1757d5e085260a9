import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { AllocationRule, GatewayReport, MeterEventBody, SiteFacts } from '#domain';

/** Types of the tables in migrations/. int8 is parsed to a number (all are safe integers); bytea is a Buffer. */
export interface Tables {
  readonly historian_offset: { historian: string; log: string; partition: number; next_offset: number };
  readonly site: {
    id: string;
    name_zh: string;
    name_en: string;
    zone: string;
    slot_minutes: number;
    registry_version: Generated<number>;
    settled_version: Generated<number>;
  };
  readonly registry_edition: { id: Generated<boolean>; number: number };
  readonly admitting_site: { site: string; format: number; version: number; content: string };
  readonly institution: { site: string; id: string; name_zh: string; name_en: string; ended: number | null };
  readonly headcount: { site: string; institution: string; from_day: number; value: number };
  readonly premises: {
    site: string;
    id: string;
    name_zh: string;
    name_en: string;
    parent: string | null;
    ended: number | null;
  };
  readonly area: { site: string; subject_kind: string; subject: string; from_day: number; m2: number };
  readonly device: {
    key: GeneratedAlways<number>;
    site: string;
    id: string;
    model: string;
    connection: string | null;
    interval_ms: number;
    ended: number | null;
  };
  readonly register: {
    device_key: number;
    ordinal: number;
    name: string;
    kind: string;
    carrier: string | null;
    unit: string;
    scale_num: number;
    scale_den: number;
    modulus: number | null;
  };
  readonly point: {
    site: string;
    id: string;
    name_zh: string;
    name_en: string;
    carrier: string;
    premises: string | null;
    role: string;
    parent: string | null;
    item: string | null;
    terms: Json<{ point: string; sign: 1 | -1 }[] | null>;
    ended: number | null;
  };
  readonly mounting: {
    site: string;
    id: string;
    point: string;
    serial: string;
    device: string;
    register: string;
    multiplier_num: number;
    multiplier_den: number;
    scale_num: number;
    scale_den: number;
    modulus: number | null;
    max_rate: number | null;
    backlash: number | null;
    mounted_at: number | null;
    initial: number | null;
    removed_at: number | null;
    final: number | null;
  };
  readonly allocation: { site: string; point: string; from_day: number; rule: Json<AllocationRule> };
  readonly registry_change: {
    id: GeneratedAlways<number>;
    site: string;
    at: number;
    by_name: string;
    reason: string;
    change: Json<unknown>;
  };
  readonly bracket: PackedRow;
  readonly gauge: PackedRow;
  readonly meter_event: {
    id: GeneratedAlways<number>;
    site: string;
    state: string;
    kind: string;
    body: Json<MeterEventBody>;
    by_name: string;
    reason: string;
    recorded_at: number;
    confirmed_by: string | null;
    confirmed_at: number | null;
    supersedes: number | null;
  };
  readonly quarantine: {
    id: GeneratedAlways<number>;
    log: string;
    partition: number;
    log_offset: number;
    ordinal: number;
    appended_at: number;
    reason: string;
    detail: string;
    site: string | null;
    device: string | null;
    register: string | null;
    at: number | null;
    value: string | null;
    payload: Buffer;
    state: Generated<string>;
    settled_at: number | null;
  };
  readonly log: { id: string; partition_count: number };
  readonly log_offset: {
    log: string;
    partition: number;
    next_offset: number;
    epoch: number;
    records: Generated<number>;
    readings: Generated<number>;
    folded: Generated<number>;
    quarantined: Generated<number>;
  };
  readonly log_source: { log: string; partition: number; src: string; seqs: string; repeated: Generated<number> };
  readonly source_batch: {
    id: GeneratedAlways<number>;
    log: string;
    partition: number;
    srcs: string[];
    counts: number[];
    seqs: Buffer;
  };
  readonly dirty: {
    site: string;
    device: string;
    register: string;
    from_at: number;
    rejoin: Generated<boolean>;
    marks: Generated<number>;
  };
  readonly mark_batch: {
    id: GeneratedAlways<number>;
    device_keys: number[];
    parts: number[];
    registers: number[];
    from_at: number[];
  };
  readonly finding: {
    site: string;
    mounting: string;
    kind: string;
    from_at: number;
    to_at: number;
    device: string;
    register: string;
    from_value: number;
    to_value: number;
    explained: Generated<boolean>;
  };
  readonly evidence: {
    site: string;
    mounting: string;
    first_at: number;
    first_value: number;
    last_at: number;
    last_value: number;
  };
  readonly mounting_day: {
    site: string;
    mounting: string;
    day: number;
    amount: number;
    measured: number;
    interpolated: number;
    disputed: number;
  };
  readonly usage_day: {
    site: string;
    point: string;
    day: number;
    amount: number;
    measured: number;
    interpolated: number;
    manual: number;
    disputed: number;
  };
  readonly allocation_day: { site: string; party: string; day: number; point: string; amount: number };
  readonly party_day: {
    site: string;
    party: string;
    carrier: string;
    day: number;
    amount: number;
    plain: boolean | null;
  };
  readonly closed_period: {
    site: string;
    month: number;
    version: number;
    closed_at: number;
    by_name: string;
    reason: string;
    hash: string;
    content: Json<unknown>;
  };
  readonly facts_version: {
    site: string;
    version: number;
    at: number;
    by_name: string;
    reason: string;
    hash: string;
    content: Json<SiteFacts>;
  };
  readonly quantity: {
    id: GeneratedAlways<number>;
    site: string;
    institution: string;
    month: number;
    kind: string;
    use: string;
    amount: number;
    entered: string;
    unit: string;
    cost_fen: number | null;
    document_name: string | null;
    document_sha256: string | null;
    note: string | null;
    file_name: string | null;
    file_sha256: string | null;
    file_row: number | null;
    by_name: string;
    reason: string | null;
    recorded_at: number;
    superseded_by: number | null;
  };
  readonly temperature_day: TemperatureRow;
  readonly temperature_replaced: TemperatureRow & {
    id: GeneratedAlways<number>;
    replaced_by: string;
    reason: string;
    replaced_at: number;
  };
  readonly document: {
    site: string;
    sha256: string;
    name: string;
    bytes: number;
    content: Buffer;
    by_name: string;
    recorded_at: number;
  };
  readonly catalogue_seen: { row_id: string; hash: string; content: Json<unknown>; first_seen: number };
  readonly row_confirmation: {
    id: GeneratedAlways<number>;
    row_id: string;
    hash: string;
    by_name: string;
    text: string;
    at: number;
  };
  readonly intake_key: {
    id: string;
    hash: string;
    site: string;
    by_name: string;
    created_at: number;
    revoked_at: number | null;
  };
  readonly intake_source: { src: string; site: string; first_at: number };
  readonly gateway: { key: string; src: string; reported_at: number; report: Json<GatewayReport> };
}

type Json<T> = ColumnType<T, string, string>;

interface PackedRow {
  device_key: number;
  day: number;
  part: number;
  version: number;
  payload: Buffer;
}

interface TemperatureRow {
  site: string;
  series: string;
  day: number;
  millidegrees: number;
  by_name: string;
  recorded_at: number;
  source: string | null;
  hours: number | null;
  of_hours: number | null;
  file_name: string | null;
  file_sha256: string | null;
  file_row: number | null;
}
