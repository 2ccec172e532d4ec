using GovChain.Consensus;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Consensus;
using GovChain.Node.Pool;
using GovChain.Node.Sync;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>
/// Goal: a node that restarts amid a height has the block that it voted for, also where nobody else gives it. Method: a proposal whose
/// envelopes are in the journal and nowhere else, and peers that answer no question for envelopes.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BodyAssemblerTests : IDisposable
{
    private const ulong Height = 2;

    private readonly SnapshotBed _bed = new((int)Height, records: 3);
    private readonly BlockBodies _bodies = new();
    private readonly StoredBlock _stored;

    public BodyAssemblerTests()
    {
        using LedgerSnapshot view = _bed.Head.OpenSnapshot();
        _stored = view.GetBlock(Height);
    }

    public void Dispose() => _bed.Dispose();

    [Test]
    public async Task Assemble_EnvelopesOfTheJournal_AreTheBlocks_AndNobodyIsAsked()
    {
        _bodies.AddRecovered(_stored.Leaves);
        (VerifiedTransaction[]? transactions, BlockFault fault, int asked) = await AssembleAsync();
        Assert.That((fault, asked), Is.EqualTo((BlockFault.None, 0)));
        Assert.That(transactions!.Select(static t => t.Transaction.Envelope.ToArray()), Is.EqualTo(_stored.Leaves.Select(static l => l.ToArray())));
    }

    [Test]
    public async Task Assemble_WhatTheJournalLacks_IsAskedOfAll()
    {
        _bodies.AddRecovered(_stored.Leaves.Skip(1));
        (_, BlockFault fault, int asked) = await AssembleAsync();
        Assert.That((fault, asked), Is.EqualTo((BlockFault.Unavailable, 3)));
    }

    private async Task<(VerifiedTransaction[]? Transactions, BlockFault Fault, int Asked)> AssembleAsync()
    {
        int asked = 0;
        var network = new ScriptedPeers(_bed) { OnRequest = () => asked++ };
        using var batch = new BatchVerifier(_bed.Verifier, threads: 1);
        var pool = new TransactionPool(new PoolOptions(), departments: 4, height: Height - 1);
        var verifier = new EnvelopeVerifier(pool, _bodies, batch);
        var admission = new Admission(
            new AdmissionOptions(), _bed.Head, pool, verifier, TimeProvider.System, new OutcomeMemory(10), new TicketOffice(), static _ => { }, static () => { });
        var assembler = new BodyAssembler(
            _bed.Ledger.Genesis.ChainId, new LedgerSources(_bed.Ledger.Genesis.Validators, network), pool, admission, _bodies, verifier, network,
            TimeProvider.System);
        var block = new ProposedBlock(_stored.Header, [.. _stored.Leaves.Select(static l => LogHash.Leaf(l.Span))]);
        (VerifiedTransaction[]? transactions, BlockFault fault) = await assembler.AssembleAsync(block, hint: 1, CancellationToken.None);
        return (transactions, fault, asked);
    }
}
