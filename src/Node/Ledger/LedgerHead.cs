using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Ledger;

/// <summary>
/// The stored ledger with its newest end at hand, and a signal for those who wait for the next block. The driver's
/// thread appends; any thread reads.
/// </summary>
internal sealed class LedgerHead
{
    private readonly LedgerStore _store;
    private volatile Head _head;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes a store that holds at least the genesis block.</summary>
    /// <param name="store">The stored ledger.</param>
    /// <param name="newestVersion">The newest protocol version that this node executes.</param>
    public LedgerHead(LedgerStore store, uint newestVersion = ProtocolVersions.Newest)
    {
        (_store, NewestVersion) = (store, newestVersion);
        using LedgerSnapshot view = store.OpenSnapshot();
        _head = Head.Of(view);
    }

    /// <summary>The genesis digest.</summary>
    public Digest ChainId => _head.Tip.ChainId;

    /// <summary>The newest durable header.</summary>
    public BlockHeader Tip => _head.Tip;

    /// <summary>Its certificate; null at genesis.</summary>
    public Certificate? TipCertificate => _head.Certificate;

    /// <summary>Who leads the next height.</summary>
    public LeaderOrder NextLeaders => _head.NextLeaders;

    /// <summary>What leaders are computed from, and who is suspended. Not to be changed.</summary>
    public LeaderState Leader => _head.Leader;

    /// <summary>The next block's protocol version, and the one that is scheduled. Not to be changed.</summary>
    public ProtocolState Protocol => _head.Protocol;

    /// <summary>The newest protocol version that this node executes.</summary>
    public uint NewestVersion { get; }

    /// <summary>Why this node cannot go on from the newest block; null where it can.</summary>
    public UnexecutableVersionException? End => Protocol.Version <= NewestVersion
        ? null : new UnexecutableVersionException(Tip.Height + 1, Protocol.Version, NewestVersion);

    /// <summary>Completes when the ledger has a block that it had not when this was called.</summary>
    public Task NextBlock => Volatile.Read(ref _next).Task;

    /// <summary>The ledger as it is now, to be disposed.</summary>
    public LedgerSnapshot OpenSnapshot() => _store.OpenSnapshot();

    /// <summary>A copy of the stored ledger as it is now, to be disposed.</summary>
    public LedgerCheckpoint CreateCheckpoint() => _store.CreateCheckpoint();

    /// <summary>Stores the next block; durable when this returns. The driver's thread only.</summary>
    public void Append(ExecutedBlock block, Certificate certificate)
    {
        _store.Append(block, certificate);
        using (LedgerSnapshot view = _store.OpenSnapshot())
            _head = Head.Of(view);
        Interlocked
            .Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
            .SetResult();
    }

    private sealed record Head(
        BlockHeader Tip, Certificate? Certificate, LeaderOrder NextLeaders, LeaderState Leader, ProtocolState Protocol)
    {
        public static Head Of(LedgerSnapshot view) => new(
            view.Tip, view.TipCertificate, StateValue.NextLeaders(view), new StateOverlay(view).Leader, ProtocolVersions.Of(view));
    }
}
