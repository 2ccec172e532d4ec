using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution.Schemas;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// The state while a block is executed: the ledger before the block, and on top of it what the block's transactions
/// have written so far. Belongs to one caller; messages it gives out are shared and must not be changed.
/// </summary>
/// <remarks>
/// Who may act is read as it stood <see cref="Before"/> the block; records, and whatever else a transaction itself
/// changes, as they are <see cref="Current"/>.
/// </remarks>
public sealed class StateOverlay(ILedgerView view)
{
    private readonly Dictionary<StateKey, IMessage?> _before = [];
    private readonly Dictionary<StateKey, IMessage> _written = [];
    private readonly Dictionary<StateKey, PayloadSchema?> _schemas = [];
    private readonly HashSet<Digest> _transactions = [];
    private readonly List<RecordVersionEntry> _records = [];

    /// <summary>The newest header of the ledger below.</summary>
    public BlockHeader Tip => view.Tip;

    /// <summary>The parameters that hold for the block.</summary>
    /// <exception cref="CorruptStateException">The ledger has none.</exception>
    public Parameters Parameters => Before<Parameters>(StateKey.Parameters)
        ?? throw new CorruptStateException(StateKey.Parameters, "no value");

    /// <summary>The protocol version that the block obeys, and the one that is scheduled, as it stood before the block.</summary>
    /// <exception cref="CorruptStateException">The state is damaged.</exception>
    public ProtocolState Protocol => ProtocolVersions.Of(Before<ProtocolState>(StateKey.Protocol));

    /// <summary>The epoch of the block.</summary>
    public ulong Epoch => Tip.NextEpoch;

    /// <summary>What the leaders are computed from, as it stood before the block.</summary>
    /// <exception cref="CorruptStateException">The ledger has none.</exception>
    public LeaderState Leader => Before<LeaderState>(StateKey.Leader)
        ?? throw new CorruptStateException(StateKey.Leader, "no value");

    /// <summary>The same, as the block's transactions so far have left it.</summary>
    internal LeaderState CurrentLeader => _written.TryGetValue(StateKey.Leader, out IMessage? written)
        ? (LeaderState)written
        : Leader;

    /// <summary>One entry per record action so far, in order.</summary>
    public IReadOnlyList<RecordVersionEntry> Records => _records;

    /// <summary>The value as it stood before the block, or null.</summary>
    /// <exception cref="CorruptStateException">The stored bytes are no such message.</exception>
    public T? Before<T>(StateKey key) where T : class, IMessage<T>, new()
    {
        if (!_before.TryGetValue(key, out IMessage? value))
        {
            value = StateValue.Read<T>(view, key);
            _before.Add(key, value);
        }
        return (T?)value;
    }

    /// <summary>The value as the block's transactions so far have left it, or null.</summary>
    /// <exception cref="CorruptStateException">The stored bytes are no such message.</exception>
    public T? Current<T>(StateKey key) where T : class, IMessage<T>, new() =>
        _written.TryGetValue(key, out IMessage? written) ? (T)written : Before<T>(key);

    /// <summary>The value that the block's transactions so far have written, or null.</summary>
    internal T? Written<T>(StateKey key) where T : class, IMessage<T> =>
        _written.TryGetValue(key, out IMessage? written) ? (T)written : null;

    /// <summary>The schema of a record type as it stood before the block, read once; null if the type has none.</summary>
    /// <exception cref="CorruptStateException">The stored bytes are no such message, or no schema.</exception>
    internal PayloadSchema? SchemaOf(StateKey type)
    {
        if (!_schemas.TryGetValue(type, out PayloadSchema? schema))
        {
            if (Before<RecordTypeState>(type) is { Schema.Length: > 0 } definition)
            {
                schema = PayloadSchema.TryParse(definition.Schema, out SchemaViolation? violation)
                    ?? throw new CorruptStateException(type, violation.ToString()!);
            }
            _schemas.Add(type, schema);
        }
        return schema;
    }

    /// <summary>Whether a transaction of the block so far has this id.</summary>
    public bool HoldsTransaction(Digest transactionId) => _transactions.Contains(transactionId);

    /// <summary>Where a transaction stands on the ledger below, or null.</summary>
    public TransactionLocation? FindTransaction(Digest transactionId) => view.FindTransaction(transactionId);

    /// <summary>Takes over what an accepted transaction does.</summary>
    internal void Apply(Digest transactionId, Outcome outcome)
    {
        foreach ((StateKey key, IMessage value) in outcome.Writes)
            _written[key] = value;
        if (outcome.Record is { } record)
            _records.Add(record);
        _transactions.Add(transactionId);
    }

    /// <summary>Sets one value.</summary>
    internal void Write(StateKey key, IMessage value) => _written[key] = value;

    /// <summary>Everything written, ascending by key, encoded.</summary>
    internal StateChange[] Changes()
    {
        var changes = new StateChange[_written.Count];
        int count = 0;
        foreach ((StateKey key, IMessage value) in _written) // order does not matter: sorted below
            changes[count++] = new StateChange(key, StateValue.Encode(key, value));
        Array.Sort(changes, static (a, b) => a.Key.CompareTo(b.Key));
        return changes;
    }
}
