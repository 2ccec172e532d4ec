using Google.Protobuf;
using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>A state value to be written, not yet encoded.</summary>
internal readonly record struct StateWrite(StateKey Key, IMessage Value);

/// <summary>What the rules say about a transaction: refused with a reason, or accepted with all it does.</summary>
internal readonly struct Outcome
{
    private readonly IReadOnlyList<StateWrite>? _writes;

    private Outcome(Rejection? rejection, IReadOnlyList<StateWrite>? writes, RecordVersionEntry? record)
    {
        Rejection = rejection;
        _writes = writes;
        Record = record;
    }

    /// <summary>Why it is refused; null if it is accepted.</summary>
    public Rejection? Rejection { get; }

    /// <summary>What it writes.</summary>
    public IReadOnlyList<StateWrite> Writes => _writes ?? [];

    /// <summary>The record version it makes.</summary>
    public RecordVersionEntry? Record { get; }

    public static implicit operator Outcome(Rejection rejection) => new(rejection, null, null);

    /// <summary>Accepted, writing these values.</summary>
    public static Outcome Accept(params IReadOnlyList<StateWrite> writes) => new(null, writes, null);

    /// <summary>Accepted, making a version of a record.</summary>
    public static Outcome Accept(RecordVersionEntry record, params IReadOnlyList<StateWrite> writes) => new(null, writes, record);
}
