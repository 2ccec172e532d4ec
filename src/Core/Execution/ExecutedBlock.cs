using GovChain.Core.Merkle;
using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>A state value that a block writes. Values are replaced, never removed.</summary>
public readonly record struct StateChange(StateKey Key, byte[] Value);

/// <summary>
/// A block with all it does to the ledger, computed but not stored: what the leader proposes, a backup compares, and
/// storage writes in one batch once it is certified.
/// </summary>
/// <param name="Header">With the roots that execution gave.</param>
/// <param name="Transactions">In order; the position of the first is the header's log size before.</param>
/// <param name="Log">The log's changed tiles and frontier.</param>
/// <param name="State">The state tree's changed pages.</param>
/// <param name="Changes">The state values written, ascending by key, one per key.</param>
/// <param name="Records">One per record action, in order: the history index.</param>
public sealed record ExecutedBlock(
    BlockHeader Header,
    IReadOnlyList<VerifiedTransaction> Transactions,
    LogAppend Log,
    StateUpdate State,
    IReadOnlyList<StateChange> Changes,
    IReadOnlyList<RecordVersionEntry> Records);

/// <summary>A record's version and the position of the transaction that made it.</summary>
public readonly record struct RecordVersionEntry(StateKey Record, ulong Version, ulong Position);
