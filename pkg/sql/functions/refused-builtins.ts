// Built-in functions that are not safe under a mask, with what calling them does to the world (for guards). A function that
// only returns what is not everyone's has no effect but is here all the same. Every stable or volatile built-in of
// PostgreSQL 14 to 18 is either here or in safe-builtins.ts; a test asks the server whether one is missing.
import type { EffectKind } from "../facts.ts";

interface RefusedGroup {
  readonly what: string;
  readonly effects: readonly EffectKind[];
  readonly names: string;
}

const groups: readonly RefusedGroup[] = [
  {
    what: "run a text as SQL",
    effects: ["Read", "ExecuteCode"],
    names: "query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat ts_rewrite",
  },
  {
    what: "read relations that no parser sees",
    effects: ["Read"],
    names: `table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema
      database_to_xml database_to_xmlschema database_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema currtid2 lo_get loread
      pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes`,
  },
  { what: "move large objects", effects: [], names: "lo_open lo_close lo_lseek lo_lseek64 lo_tell lo_tell64" },
  { what: "make large objects", effects: ["Insert"], names: "lo_creat lo_create lo_from_bytea" },
  { what: "change what is stored", effects: ["Update"], names: "lo_put lowrite lo_truncate lo_truncate64 setval" },
  { what: "remove large objects", effects: ["Delete"], names: "lo_unlink" },
  { what: "make a large object of a file", effects: ["File", "Insert"], names: "lo_import" },
  { what: "write a large object to a file", effects: ["File", "Read"], names: "lo_export" },
  {
    what: "read files of the server",
    effects: ["File"],
    names: `pg_read_file pg_read_file_old pg_read_binary_file pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir
      pg_ls_archive_statusdir pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_hba_file_rules
      pg_ident_file_mappings pg_show_all_file_settings pg_current_logfile pg_wal_summary_contents`,
  },
  {
    what: "tell what stored values changed or how long they are",
    effects: [],
    names: `pg_stat_get_tuples_hot_updated pg_stat_get_tuples_newpage_updated pg_stat_get_xact_tuples_hot_updated
      pg_stat_get_xact_tuples_newpage_updated pg_stat_get_db_temp_bytes pg_stat_get_db_temp_files`,
  },
  // Safe where the arguments are constants: see `resolveFunction`.
  { what: "tell other sessions", effects: ["Notify"], names: "pg_notify" },
  { what: "change a setting", effects: ["SessionChange"], names: "set_config" },
  { what: "tell a setting, which may hold a value that code has put there", effects: [], names: "current_setting" },
  {
    what: "tell what others do, or the text of statements",
    effects: [],
    names: `pg_stat_get_activity pg_stat_get_backend_activity pg_stat_get_backend_activity_start pg_stat_get_backend_client_addr
      pg_stat_get_backend_client_port pg_stat_get_backend_dbid pg_stat_get_backend_idset pg_stat_get_backend_io
      pg_stat_get_backend_pid pg_stat_get_backend_start pg_stat_get_backend_subxact pg_stat_get_backend_userid
      pg_stat_get_backend_wait_event pg_stat_get_backend_wait_event_type pg_stat_get_backend_wal pg_stat_get_backend_xact_start
      pg_stat_get_progress_info pg_stat_get_wal_receiver pg_stat_get_wal_senders pg_stat_get_subscription pg_cursor
      pg_prepared_statement pg_prepared_xact pg_lock_status pg_get_replication_slots pg_mcv_list_items pg_get_aios`,
  },
  {
    what: "tell of the server's inside",
    effects: [],
    names: `pg_available_wal_summaries pg_backup_start_time pg_config pg_control_checkpoint pg_control_init pg_control_recovery
      pg_control_system pg_export_snapshot pg_get_backend_memory_contexts pg_get_loaded_modules pg_get_multixact_members
      pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_wal_summarizer_state pg_is_in_backup pg_replication_origin_oid
      pg_replication_origin_progress pg_replication_origin_session_is_setup pg_replication_origin_session_progress
      pg_show_replication_origin_status pg_stat_get_archiver pg_stat_get_bgwriter_buf_written_checkpoints
      pg_stat_get_bgwriter_buf_written_clean pg_stat_get_bgwriter_maxwritten_clean pg_stat_get_bgwriter_requested_checkpoints
      pg_stat_get_bgwriter_stat_reset_time pg_stat_get_bgwriter_timed_checkpoints pg_stat_get_buf_alloc
      pg_stat_get_buf_fsync_backend pg_stat_get_buf_written_backend pg_stat_get_checkpoint_sync_time
      pg_stat_get_checkpoint_write_time pg_stat_get_checkpointer_buffers_written pg_stat_get_checkpointer_num_performed
      pg_stat_get_checkpointer_num_requested pg_stat_get_checkpointer_num_timed
      pg_stat_get_checkpointer_restartpoints_performed pg_stat_get_checkpointer_restartpoints_requested
      pg_stat_get_checkpointer_restartpoints_timed pg_stat_get_checkpointer_slru_written
      pg_stat_get_checkpointer_stat_reset_time pg_stat_get_checkpointer_sync_time pg_stat_get_checkpointer_write_time
      pg_stat_get_db_conflict_all pg_stat_get_db_conflict_bufferpin pg_stat_get_db_conflict_lock
      pg_stat_get_db_conflict_logicalslot pg_stat_get_db_conflict_snapshot pg_stat_get_db_conflict_startup_deadlock
      pg_stat_get_db_conflict_tablespace pg_stat_get_io pg_stat_get_recovery_prefetch pg_stat_get_replication_slot
      pg_stat_get_slru pg_stat_get_snapshot_timestamp pg_stat_get_subscription_stats pg_stat_get_wal pg_stat_have_stats
      pg_event_trigger_ddl_commands pg_event_trigger_dropped_objects pg_event_trigger_table_rewrite_oid
      pg_event_trigger_table_rewrite_reason`,
  },
  {
    what: "reach the input of any type by name or OID, and so a domain's constraint",
    effects: [],
    names: `array_in domain_in enum_in multirange_in range_in record_in anycompatiblemultirange_in anycompatiblerange_in
      anymultirange_in anyrange_in anycompatiblearray_out anycompatiblearray_send anycompatiblemultirange_out
      anycompatiblerange_out anyenum_out anymultirange_out anyrange_out brin_bloom_summary_send brin_minmax_multi_summary_send
      pg_input_error_info pg_input_is_valid fmgr_c_validator fmgr_internal_validator fmgr_sql_validator`,
  },
  { what: "add objects", effects: ["Create"], names: "pg_import_system_collations" },
  {
    what: "run the server",
    effects: ["Maintenance"],
    names: `pg_cancel_backend pg_terminate_backend pg_log_backend_memory_contexts pg_reload_conf pg_rotate_logfile
      pg_rotate_logfile_old pg_promote pg_switch_wal pg_create_restore_point pg_start_backup pg_stop_backup pg_backup_start
      pg_backup_stop pg_wal_replay_pause pg_wal_replay_resume pg_log_standby_snapshot pg_stat_reset pg_stat_reset_shared
      pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters pg_stat_reset_slru
      pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_subscription_stats pg_stat_clear_snapshot
      pg_stat_force_next_flush pg_restore_relation_stats pg_restore_attribute_stats pg_clear_relation_stats
      pg_clear_attribute_stats brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list
      pg_extension_config_dump pg_nextoid pg_stop_making_pinned_objects`,
  },
  {
    what: "drive replication",
    effects: ["Read", "Maintenance"],
    names: `pg_logical_slot_get_changes pg_logical_slot_get_binary_changes pg_logical_emit_message pg_create_logical_replication_slot
      pg_create_physical_replication_slot pg_copy_logical_replication_slot pg_copy_physical_replication_slot
      pg_drop_replication_slot pg_replication_slot_advance pg_sync_replication_slots pg_replication_origin_advance
      pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_session_reset
      pg_replication_origin_session_setup pg_replication_origin_xact_reset pg_replication_origin_xact_setup`,
  },
  {
    what: "upgrade a cluster (refused by the server otherwise)",
    effects: ["Maintenance"],
    names: `binary_upgrade_add_sub_rel_state binary_upgrade_create_empty_extension binary_upgrade_logical_slot_has_caught_up
      binary_upgrade_replorigin_advance binary_upgrade_set_missing_value binary_upgrade_set_next_array_pg_type_oid
      binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode
      binary_upgrade_set_next_index_pg_class_oid binary_upgrade_set_next_index_relfilenode
      binary_upgrade_set_next_multirange_array_pg_type_oid binary_upgrade_set_next_multirange_pg_type_oid
      binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid binary_upgrade_set_next_pg_tablespace_oid
      binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid
      binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs`,
  },
];

const byName: ReadonlyMap<string, readonly EffectKind[]> = new Map(
  groups.flatMap(({ names, effects }) => names.split(/\s+/).map((name) => [name, effects] as const)),
);

/** What a refused built-in of this name does; undefined when it is not on the list. */
export function refusedEffects(name: string): readonly EffectKind[] | undefined {
  return byName.get(name);
}
