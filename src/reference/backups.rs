//! The blocks of backups: their arguments and an example.

use crate::language::Necessity::{Default, Optional, Required};
use crate::language::{DURATION, LanguageBlock, argument};

const EXAMPLE: &str = include_str!("examples/backup.hcl");

/// The block `backup`.
pub const BACKUP: LanguageBlock = LanguageBlock {
    name: "backup",
    within: "",
    about: "Copies of data that another tool makes. drplan reads the tool's catalogue, judges it, and has a cold standby \
            restore from it. It writes no backup and moves no data.",
    label: "the name of the backup, as in `backup.orders`",
    count: "any number",
    arguments: &[
        argument("of", "reference to a resource", Required, "The resource whose data the backup can bring back."),
        argument(
            "tool",
            "\"pgbackrest\" | \"restic\" | \"wal_g\" | \"dumps\" | \"snapshots\"",
            Required,
            "The tool that makes the copies.",
        ),
        argument(
            "repository",
            "reference to a resource that keeps objects",
            Required,
            "The place of the copies: its site, account and provider count. For `snapshots`, a site may be written.",
        ),
        argument("path", "string", Optional, "The path within the repository."),
        argument("stanza", "string", Optional, "The stanza of pgBackRest, which requires it."),
        argument(
            "tag",
            "string",
            Optional,
            "The tag of the points that belong to this backup: restic, dumps, snapshots.",
        ),
        argument(
            "class",
            "\"persistent\" | \"configuration\" | \"fixed\"",
            Default("\"persistent\""),
            "persistent: data of users, to which the RPO applies. configuration: changes by hand; the schedule is enough. \
             fixed: never changes; an image holds it.",
        ),
        argument("every", DURATION, Optional, "The interval of full copies. Required unless `class` is \"fixed\"."),
        argument(
            "increments",
            DURATION,
            Optional,
            "The interval of copies of changes between full ones: pgBackRest, WAL-G.",
        ),
        argument("log", DURATION, Optional, "The interval at which the log is archived: pgBackRest, WAL-G."),
        argument("keep", DURATION, Optional, "The age to which copies are kept."),
        argument("verified", DURATION, Optional, "The longest permitted age of the newest successful restore test."),
        argument(
            "custodians",
            "list of strings",
            Default("[]"),
            "Holders of a private key: two at least, one of them outside of every provider in the stack.",
        ),
        argument(
            "for_each",
            "map or set of strings",
            Optional,
            "One backup for each key: `backup.orders[\"a\"]`. It may depend on variables only.",
        ),
    ],
    blocks: &["catalogue"],
    notes: &[
        "Attribute: `name`.",
        "`drplan backup list` shows the recovery points, `drplan backup status` judges them.",
    ],
    example: EXAMPLE,
};

/// The block `catalogue` of a backup.
pub const CATALOGUE: LanguageBlock = LanguageBlock {
    name: "catalogue",
    within: "backup",
    about: "The command that prints the tool's catalogue, on the machine that runs drplan and without a shell. Its output \
            counts, and not its exit code.",
    label: "",
    count: "at most one",
    arguments: &[
        argument("program", "string", Required, "The program; a path is relative to the stack's directory."),
        argument("arguments", "list of strings", Default("[]"), "Its arguments."),
        argument(
            "environment",
            "map of strings",
            Default("{}"),
            "Environment variables, in addition to PATH, HOME, USER, the language, TZ and temporary directories.",
        ),
        argument("directory", "string", Default("the stack's directory"), "Its working directory."),
        argument("within", DURATION, Default("\"2m\""), "The time after which it is killed."),
    ],
    blocks: &[],
    notes: &[
        "restic: `snapshots --json`, then `stats --json latest`. pgBackRest: `info --output=json`, then `repo-ls \
         --output=json` of the newest folder of the archive. WAL-G: `backup-list --detail --json`, then `rclone lsjson` of \
         the folder of the log. Several outputs follow one another.",
        "Snapshots of a volume of the stack need no command where the provider lists them: drplan asks for those of the \
         volume and of the one that it replaced, or with `tag` for all of the region.",
        "With `--cloud local`, the simulator has the catalogue, and no program runs.",
    ],
    example: EXAMPLE,
};
