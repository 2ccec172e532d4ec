namespace GovChain.Core.Model;

/// <summary>
/// Every fixed bound of the ledger's formats, in one place, each with its arithmetic. What departments may change by
/// vote stands in the ledger's parameters instead.
/// </summary>
public static class Limits
{
    /// <summary>An envelope is one log leaf; the tlog-tiles entry format counts its bytes in a u16.</summary>
    public const int EnvelopeBytesMax = 65_535;

    /// <summary>Departments with a vote: 4 to 50 are planned for; a certificate of 200 is 9 KB.</summary>
    public const int ValidatorsMax = 200;

    /// <summary>Upper bound of the block size parameter: a block stays one RocksDB batch and one peer frame.</summary>
    public const ulong BlockBytesCeiling = 16 * 1024 * 1024;

    /// <summary>Upper bound of the transactions-per-block parameter: 10,000 leaf hashes are 320 KB of proposal.</summary>
    public const uint BlockTransactionsCeiling = 10_000;

    /// <summary>A genesis body: 200 departments with 16 names and 16 administrators are about 0.5 MB.</summary>
    public const int GenesisBytesMax = 1024 * 1024;

    /// <summary>A joining body: one department with 16 names and 16 administrators is less than 7 KB.</summary>
    public const int JoiningBytesMax = 8 * 1024;

    /// <summary>Department id, characters.</summary>
    public const int DepartmentIdMax = 32;

    /// <summary>Record type, characters.</summary>
    public const int TypeMax = 64;

    /// <summary>Record id, characters.</summary>
    public const int RecordIdMax = 128;

    /// <summary>Records that take the place of one: each is looked up, and their names are at most 3.2 KB of its state value.</summary>
    public const int SuccessorsMax = 16;

    /// <summary>Records that a version refers to: bounded as <see cref="SuccessorsMax"/>, for the same reasons.</summary>
    public const int LinksMax = 16;

    /// <summary>Departments whose approvers may approve changes of a type's records: 528 bytes of the type's state value.</summary>
    public const int ApproversMax = 16;

    /// <summary>Departments that may read records of a type: more than the 50 that are planned for; 2.2 KB of the type's state value.</summary>
    public const int ReadersMax = 64;

    /// <summary>How far ahead of header time the end of the wait for an approval may lie: 30 days, for leave and holidays.</summary>
    public const ulong ApprovalHorizonMs = 30UL * 24 * 60 * 60 * 1_000;

    /// <summary>How far ahead of header time the end of a delegation may lie: 366 days, so that each is looked at once a year.</summary>
    public const ulong DelegationHorizonMs = 366UL * 24 * 60 * 60 * 1_000;

    /// <summary>Officer id, characters.</summary>
    public const int OfficerIdMax = 64;

    /// <summary>Reason and legal basis, UTF-8 bytes.</summary>
    public const int ShortTextBytesMax = 1_024;

    /// <summary>Description of a type, UTF-8 bytes.</summary>
    public const int LongTextBytesMax = 4_096;

    /// <summary>
    /// Schema of a type's payloads, UTF-8 bytes: some 200 described members. A type's state value then has at most 26 KB, and every node
    /// keeps one for each type.
    /// </summary>
    public const int SchemaBytesMax = 16_384;

    /// <summary>Arrays and objects within each other, in a payload that a schema judges and in a schema: reading goes as deep on the
    /// stack.</summary>
    public const int JsonDepthMax = 64;

    /// <summary>Media type, characters.</summary>
    public const int MediaTypeMax = 127;

    /// <summary>Names of a department or titles of a type.</summary>
    public const int LocalizedTextsMax = 16;

    /// <summary>Name or title, UTF-8 bytes.</summary>
    public const int TitleBytesMax = 256;

    /// <summary>Peer endpoint (host:port), characters: a DNS name is at most 253.</summary>
    public const int EndpointMax = 260;

    /// <summary>Random bytes in a transaction and in a genesis body.</summary>
    public const int NonceBytes = 16;

    /// <summary>Administrators of a department in the genesis body.</summary>
    public const int GenesisAdministratorsMax = 16;

    /// <summary>Changes of the validators in a ledger's life: 1,000 are 110 KB of state, three a month for 27 years.</summary>
    public const int MembershipChangesMax = 1_000;

    /// <summary>How far ahead of header time the expiry of a membership change may lie: 30 days, for a quorum of
    /// departments to sign by hand.</summary>
    public const ulong MembershipHorizonMs = 30UL * 24 * 60 * 60 * 1_000;

    /// <summary>How long after the end of its vote a protocol version may begin to hold: 366 days, for all to install a release.</summary>
    public const ulong ScheduleAheadMs = 366UL * 24 * 60 * 60 * 1_000;
}
