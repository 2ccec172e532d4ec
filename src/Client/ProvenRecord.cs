using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Client;

/// <summary>
/// A record's newest version as of a block, proven to the state that the departments certified with that block. That there is no newer
/// block, no proof can say.
/// </summary>
public sealed record ProvenRecord
{
    internal ProvenRecord(RecordState state, ReadOnlyMemory<byte> content, BlockHeader asOf)
    {
        Record = KeyOf(state.Record);
        Version = state.Version;
        Status = (RecordStatus)state.Status;
        Content = Status == RecordStatus.InForce ? new RecordContent(content, state.MediaType) : null;
        Department = state.Department;
        OfficerId = state.OfficerId;
        Custodian = state.Custodian;
        Reason = state.Reason;
        LegalBasis = state.LegalBasis;
        EffectiveDate = state.EffectiveDate;
        Links = [.. state.Links.Select(static l => new LinkedRecord(KeyOf(l.Record), l.Version == 0 ? null : l.Version))];
        Successors = [.. state.Successors.Select(KeyOf)];
        Position = state.Position;
        Height = state.Height;
        RecordedAt = TimeOf(state.RecordedAtMs);
        AsOfHeight = asOf.Height;
        AsOf = TimeOf(asOf.TimestampMs);
    }

    /// <summary>The record.</summary>
    public RecordKey Record { get; }

    /// <summary>The version, from 1 on.</summary>
    public ulong Version { get; }

    /// <summary>Whether it holds.</summary>
    public RecordStatus Status { get; }

    /// <summary>What it says, byte for byte as it was recorded; null where it is not in force.</summary>
    public RecordContent? Content { get; }

    /// <summary>The department that made this version.</summary>
    public string Department { get; }

    /// <summary>The officer who signed it.</summary>
    public string OfficerId { get; }

    /// <summary>The department whose record it is by transfer; empty: the owner of the type has custody.</summary>
    public string Custodian { get; }

    /// <summary>Why; empty: not said.</summary>
    public string Reason { get; }

    /// <summary>On what legal basis; empty: not said.</summary>
    public string LegalBasis { get; }

    /// <summary>From when it applies: YYYY, YYYY-MM or YYYY-MM-DD; empty: not said.</summary>
    public string EffectiveDate { get; }

    /// <summary>Records that it refers to.</summary>
    public IReadOnlyList<LinkedRecord> Links { get; }

    /// <summary>The records that took its place.</summary>
    public IReadOnlyList<RecordKey> Successors { get; }

    /// <summary>The index in the log of the transaction that made this version.</summary>
    public ulong Position { get; }

    /// <summary>The height of its block.</summary>
    public ulong Height { get; }

    /// <summary>The time of its block, UTC.</summary>
    public DateTimeOffset RecordedAt { get; }

    /// <summary>The height of the block whose state has this version as the newest.</summary>
    public ulong AsOfHeight { get; }

    /// <summary>The time of that block, UTC; a ledger without traffic has no newer ones.</summary>
    public DateTimeOffset AsOf { get; }

    private static RecordKey KeyOf(RecordName name) => new(name.Type, name.Id);

    private static DateTimeOffset TimeOf(ulong timestampMs) => DateTimeOffset.FromUnixTimeMilliseconds((long)timestampMs);
}
