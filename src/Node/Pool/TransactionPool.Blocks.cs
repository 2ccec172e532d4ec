using GovChain.Core.Execution;
using GovChain.Core.Model;
using RecordTypeState = GovChain.Protos.V1.RecordTypeState;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Node.Pool;

/// <summary>A transaction that left the pool without being committed, and why.</summary>
/// <param name="Transaction">It.</param>
/// <param name="Rejection">Why.</param>
/// <param name="WasPooled">False: refused at the door, so no block that this node knows of can hold it.</param>
internal readonly record struct PoolExit(Transaction Transaction, Rejection Rejection, bool WasPooled = true)
{
    /// <summary>
    /// Whether no block can bring it any more, after a header of this time. A clock alone does not make EXPIRED final: a
    /// block prepared in time may still be decided.
    /// </summary>
    public bool IsFinalAfter(ulong headerTimeMs) =>
        !WasPooled || Rejection.Code != RejectionCode.Expired || Transaction.Body.ExpiresAtMs <= headerTimeMs;
}

/// <summary>What blocks and the passing of time do to the pool.</summary>
internal sealed partial class TransactionPool
{
    /// <summary>
    /// Lets go what a stored block committed, and judges anew what it affected: the same records, what names them, and where the
    /// block changed types, officers or parameters, whatever depends on them.
    /// </summary>
    /// <param name="block">The new tip.</param>
    /// <param name="judge">The rules on the state after the block.</param>
    /// <returns>What can no longer commit.</returns>
    public List<PoolExit> OnCommitted(ExecutedBlock block, Func<Transaction, Rejection?> judge)
    {
        var exits = new List<PoolExit>();
        lock (_gate)
        {
            _height = block.Header.Height;
            _passed.Transactions += block.Transactions.Count;
            foreach (VerifiedTransaction committed in block.Transactions)
            {
                _passed.Bytes += committed.Transaction.Envelope.Length;
                if (_byId.TryGetValue(committed.Transaction.Id, out PoolEntry? entry))
                    Remove(entry);
            }
            foreach (RecordVersionEntry record in block.Records)
                MoveChain(record.Record, record.Version);
            var changed = new ChangedKeys(block, MoveChain, _protocol.Count > 0, _naming > 0);
            foreach (RecordVersionEntry record in block.Records)
            {
                if (_chains.TryGetValue(record.Record, out RecordChain? chain))
                    JudgeChain(chain, judge, exits);
            }
            if (changed.Any)
                JudgeAll(changed.Affects, judge, exits);
        }
        return exits;
    }

    /// <summary>
    /// Holds back what the block builder refused for a reason that lies neither in versions nor in a repetition: it is
    /// no candidate until something it depends on changes.
    /// </summary>
    public void Hold(IReadOnlyList<LeftOut> leftOut)
    {
        lock (_gate)
        {
            foreach (LeftOut left in leftOut)
            {
                if (left.Rejection.Code is RejectionCode.VersionAhead or RejectionCode.VersionConflict
                        or RejectionCode.Duplicate
                    || !_byLeaf.TryGetValue(left.Transaction.Transaction.LeafHash, out PoolEntry? entry))
                    continue;
                entry.Obstacle = left.Rejection;
                UpdateReady(entry);
            }
        }
    }

    /// <summary>
    /// Removes what expired before the newest header's time, or so long ago by this node's clock that no header can
    /// have a time before it any more; what just expired is no candidate from now on.
    /// </summary>
    /// <returns>What left.</returns>
    public List<PoolExit> Sweep(ulong tipTimeMs, ulong nowMs)
    {
        var exits = new List<PoolExit>();
        lock (_gate)
        {
            for (PoolEntry? entry = _first, next; entry is not null; entry = next)
            {
                next = entry.Next;
                ulong expiresAtMs = entry.Transaction.Body.ExpiresAtMs;
                if (expiresAtMs > nowMs && expiresAtMs > tipTimeMs)
                    continue;
                if (entry.Obstacle?.Code != RejectionCode.Expired)
                {
                    entry.Obstacle = Expired(entry.Transaction, Math.Max(tipTimeMs, nowMs));
                    UpdateReady(entry);
                }
                if (expiresAtMs <= tipTimeMs || expiresAtMs + _options.ExpiryGraceMs <= nowMs)
                    Exit(entry, entry.Obstacle!, exits);
            }
        }
        return exits;
    }

    private static Rejection Expired(Transaction transaction, ulong timeMs) => new(
        RejectionCode.Expired,
        "The transaction expired before it was committed. Sign it again with a later expiry.",
        ("expiresAtMs", transaction.Body.ExpiresAtMs.ToString()),
        ("timeMs", timeMs.ToString()));

    private void MoveChain(StateKey key, ulong version)
    {
        if (_chains.TryGetValue(key, out RecordChain? chain))
            chain.StateVersion = Math.Max(chain.StateVersion, version);
    }

    /// <summary>Judges what the ledger's version decides: what follows it or an older one. The others wait.</summary>
    private void JudgeChain(RecordChain chain, Func<Transaction, Rejection?> judge, List<PoolExit> exits)
    {
        for (int i = 0; i < chain.Entries.Count;)
        {
            PoolEntry entry = chain.Entries[i];
            if (entry.Target!.Value.ExpectedVersion > chain.StateVersion)
                break;
            if (Judge(entry, judge, exits))
                i++;
        }
        _ready += chain.UpdateReady();
    }

    private void JudgeAll(Predicate<PoolEntry> affected, Func<Transaction, Rejection?> judge, List<PoolExit> exits)
    {
        for (PoolEntry? entry = _first, next; entry is not null; entry = next)
        {
            next = entry.Next;
            if (affected(entry) && Judge(entry, judge, exits))
                UpdateReady(entry);
        }
    }

    /// <summary>False if it left.</summary>
    private bool Judge(PoolEntry entry, Func<Transaction, Rejection?> judge, List<PoolExit> exits)
    {
        Rejection? rejection = judge(entry.Transaction);
        // Until a header has passed it, an expiry is a matter of clocks: Sweep's to decide. A suspension that finds no room is no
        // use later: those in force outlast its proof. A node made it, so nobody waits for it.
        if (rejection is { IsPermanent: true } and not { Code: RejectionCode.Expired } or { Code: RejectionCode.TooManySuspended })
        {
            Exit(entry, rejection, exits);
            return false;
        }
        entry.Obstacle = entry.ObstacleIn(rejection);
        return true;
    }

    private void Exit(PoolEntry entry, Rejection rejection, List<PoolExit> exits)
    {
        Remove(entry);
        exits.Add(new PoolExit(entry.Transaction, rejection));
    }

    private void UpdateReady(PoolEntry entry)
    {
        if (entry.Chain is { } chain)
            _ready += chain.UpdateReady();
        else
            SetReady(entry);
    }

    /// <summary>
    /// What a block changed: apart from records seldom anything but the leader state, on which protocol transactions
    /// depend, of which there are seldom any, as of those that rest on more than their own record.
    /// </summary>
    private sealed class ChangedKeys
    {
        private readonly HashSet<string> _types = [];
        private readonly HashSet<StateKey> _named = [];
        private readonly bool _everything;
        private readonly bool _protocol;

        public ChangedKeys(ExecutedBlock block, Action<StateKey, ulong> moveChain, bool holdsProtocol, bool holdsNaming)
        {
            _protocol = holdsProtocol;
            if (holdsNaming)
                _named.UnionWith(block.Records.Select(static r => r.Record));
            foreach (StateChange change in block.Changes)
            {
                switch (change.Key.Kind)
                {
                    case StateKind.Record or StateKind.Leader:
                        break;
                    case StateKind.Submission:
                        if (holdsNaming)
                            _named.Add(change.Key);
                        break;
                    case StateKind.RecordType:
                        RecordTypeState type = RecordTypeState.Parser.ParseFrom(change.Value);
                        moveChain(change.Key, type.Version);
                        _types.Add(type.Type);
                        break;
                    default: // officers, departments, parameters, delegations, proposals: who may act, and on what
                        _everything = true;
                        break;
                }
            }
        }

        public bool Any => _everything || _protocol || _types.Count > 0 || _named.Count > 0;

        public bool Affects(PoolEntry entry) =>
            _everything || entry.Transaction.IsProtocol || entry.Named.Any(_named.Contains)
            || (TransactionTarget.TypeOf(entry.Transaction.Body) is { } type && _types.Contains(type));
    }
}
