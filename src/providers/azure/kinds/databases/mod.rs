//! Databases and replicas of data.

pub(super) mod cosmosdb_account;
pub(super) mod cosmosdb_sql_container;
pub(super) mod cosmosdb_sql_database;
pub(super) mod firewall_rule;
pub(super) mod geo_replica;
pub(super) mod mssql_database;
pub(super) mod mssql_firewall_rule;
pub(super) mod mssql_replication;
pub(super) mod mssql_server;
pub(super) mod mssql_virtual_network_rule;
pub(super) mod postgresql_flexible_server;
pub(super) mod postgresql_flexible_server_firewall_rule;
pub(super) mod postgresql_flexible_server_virtual_endpoint;
pub(super) mod redis_cache;
