using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Verification;

/// <summary>
/// Goal: an audit passes the chain that the departments made and no other, and names the first deviation. Method: a
/// small chain with one thing altered; every altered chain is whole after the deviation, or altered again.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ChainAuditorTests : IDisposable
{
    private static readonly EvidenceLedger Ledger = EvidenceLedger.Shared;

    private readonly RememberingVerifier _verifier = new();
    private readonly List<RawBlock> _blocks = Ledger.RawBlocks();

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Audit_WholeChain_PassesAndGivesTheLedger()
    {
        ChainAuditor auditor = Audit();
        Assert.That(auditor.Problem, Is.Null);
        Assert.That(auditor.NextHeight, Is.EqualTo(EvidenceLedger.TipHeight + 1));
        Assert.That(auditor.Ledger.Tip, Is.EqualTo(Ledger.State.Tip));
        Assert.That(auditor.Ledger.StateCount, Is.EqualTo(Ledger.State.StateCount));
    }

    [Test]
    public void Audit_AnyByteOfAnyEnvelopeAltered_NamesItsBlock()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int height = 1; height < _blocks.Count; height++)
        {
            for (int leaf = 0; leaf < _blocks[height].Leaves.Count; leaf++)
            {
                for (int i = random.Next(7); i < _blocks[height].Leaves[leaf].Length; i += 1 + random.Next(13))
                {
                    List<RawBlock> blocks = [.. _blocks];
                    byte[] flipped = Flip(blocks[height].Leaves[leaf], i, random.Next(8));
                    blocks[height] = WithLeaf(blocks[height], leaf, flipped);
                    AuditProblem problem = AssertProblem(blocks, height);
                    Assert.That(problem.Where, Does.StartWith($"transaction {leaf} (position "), $"byte {i}");
                }
            }
        }
    }

    [Test]
    public void Audit_AnyByteOfAHeaderOrCertificateAltered_NamesItsBlock()
    {
        for (int height = 0; height < _blocks.Count; height += 2)
        {
            for (int i = 0; i < _blocks[height].Header.Length; i += 5)
            {
                List<RawBlock> blocks = [.. _blocks];
                blocks[height] = blocks[height] with { Header = Flip(blocks[height].Header, i, i % 8) };
                AssertProblem(blocks, height);
            }
            for (int i = 0; i < _blocks[height].Certificate.Length; i += 5)
            {
                List<RawBlock> blocks = [.. _blocks];
                blocks[height] = blocks[height] with { Certificate = Flip(blocks[height].Certificate, i, i % 8) };
                Assert.That(AssertProblem(blocks, height).Where, Is.EqualTo("certificate"));
            }
        }
    }

    [Test]
    public void Audit_HeaderOrCertificateCutOrLengthened_NamesItsBlock()
    {
        RawBlock block = _blocks[3];
        RawBlock[] others =
        [
            block with { Header = default },
            block with { Header = block.Header[..^1] },
            block with { Header = (byte[])[.. block.Header.Span, 0] },
            block with { Certificate = default },
            block with { Certificate = block.Certificate[..^1] },
            block with { Certificate = (byte[])[.. block.Certificate.Span, 0] },
        ];
        foreach (RawBlock other in others)
        {
            List<RawBlock> blocks = [.. _blocks];
            blocks[3] = other;
            Assert.That(AssertProblem(blocks, 3).Where, Is.EqualTo("header").Or.EqualTo("certificate"));
        }
    }

    [Test]
    public void Audit_BlocksSwapped_NamesTheFirstOfThem()
    {
        (_blocks[2], _blocks[3]) = (_blocks[3], _blocks[2]);
        AuditProblem problem = AssertProblem(_blocks, 2);
        Assert.That((problem.Where, problem.Expected, problem.Found), Is.EqualTo(("header", "height 2", "height 3")));
    }

    [Test]
    public void Audit_BlockMissing_NamesItsHeight()
    {
        _blocks.RemoveAt(3);
        AuditProblem problem = AssertProblem(_blocks, 3);
        Assert.That(problem.Found, Is.EqualTo("height 4"));
    }

    [Test]
    public void Audit_BlockTwice_NamesTheSecondPlace()
    {
        _blocks.Insert(3, _blocks[2]);
        Assert.That(AssertProblem(_blocks, 3).Found, Is.EqualTo("height 2"));
    }

    [Test]
    public void Audit_TransactionsSwappedLeftOutOrAdded_NamesTheBlock()
    {
        RawBlock two = _blocks[2];
        (IReadOnlyList<ReadOnlyMemory<byte>> Leaves, BlockFailureKind Kind)[] others =
        [
            ([two.Leaves[1], two.Leaves[0]], BlockFailureKind.LogRoot),
            ([two.Leaves[0]], BlockFailureKind.LogSizeAfter),
            ([], BlockFailureKind.Empty),
            ([.. two.Leaves, _blocks[4].Leaves[0]], BlockFailureKind.LogSizeAfter),
            ([two.Leaves[0], two.Leaves[0]], BlockFailureKind.InvalidTransaction),
            ([two.Leaves[0], _blocks[4].Leaves[0]], BlockFailureKind.LogRoot),
        ];
        foreach ((IReadOnlyList<ReadOnlyMemory<byte>> leaves, BlockFailureKind kind) in others)
        {
            List<RawBlock> blocks = [.. _blocks];
            blocks[2] = two with { Leaves = leaves };
            Assert.That(AssertProblem(blocks, 2).Where, Is.EqualTo($"{kind}"));
        }
    }

    [Test]
    public void Audit_ForgedCertificate_NamesItsBlock()
    {
        BlockHeader header = Ledger.Blocks[2].Header;
        (Certificate Certificate, CertificateFailure Failure)[] forged =
        [
            (EvidenceLedger.Certify(header, signers: [0, 1]), CertificateFailure.WrongSignatureCount),
            (EvidenceLedger.Certify(header, signers: [0, 1, 2, 3]), CertificateFailure.WrongSignatureCount),
            (EvidenceLedger.Certify(header, VoteType.Prepare), CertificateFailure.WrongType),
            (EvidenceLedger.Certify(header, VoteType.Prepare) with { Type = VoteType.Commit },
                CertificateFailure.BadSignature),
            (Ledger.Blocks[3].Certificate, CertificateFailure.WrongBlock),
        ];
        foreach ((Certificate certificate, CertificateFailure failure) in forged)
        {
            List<RawBlock> blocks = [.. _blocks];
            blocks[2] = blocks[2] with { Certificate = certificate.ToBytes() };
            AuditProblem problem = AssertProblem(blocks, 2);
            Assert.That((problem.Where, problem.Found), Is.EqualTo(("certificate", $"{failure}")));
        }
    }

    [Test]
    public void Audit_RootsThatAQuorumCertifiedAgainstTheRules_NamesTheRoot()
    {
        // The log root stands at bytes 172 to 203 of the header, the state root after it (docs/SPEC.md, "Header").
        (int At, BlockFailureKind Kind)[] roots = [(172, BlockFailureKind.LogRoot), (204, BlockFailureKind.StateRoot)];
        foreach ((int at, BlockFailureKind kind) in roots)
        {
            byte[] bytes = Flip(_blocks[4].Header, at, 0);
            List<RawBlock> blocks = [.. _blocks];
            Certificate certificate = EvidenceLedger.Certify(BlockHeader.TryRead(bytes)!);
            blocks[4] = blocks[4] with { Header = bytes, Certificate = certificate.ToBytes() };
            Assert.That(AssertProblem(blocks, 4).Where, Is.EqualTo($"{kind}"));
        }
    }

    [Test]
    public void Audit_ATransactionThatAQuorumCertifiedAgainstTheRules_NamesItAndTheRule()
    {
        TestKey administrator = TestLedger.AlphaAdmin, deputy = TestLedger.OtherSpare, former = TestLedger.Spare;
        TestKey approver = EvidenceLedger.Approver;
        TransactionBody good = Actions.Define("permit");
        TransactionBody Submitted(string id, ulong waitMs) =>
            Actions.Submitted(Actions.Register(id), Ledger.State.Tip.TimestampMs + 1_000 + waitMs);
        (TestKey Signer, TransactionBody Action, RejectionCode Code)[] forbidden =
        [
            (former, Actions.Register("C-1"), RejectionCode.SignerRevoked),
            (administrator, Actions.Annul("A-2", 3), RejectionCode.NotPermitted),
            (deputy, Actions.Reinstate("A-2", 2), RejectionCode.VersionConflict),
            (deputy, Actions.Reinstate("A-2", 3), RejectionCode.RecordInForce),
            (deputy, Actions.Reinstate("A-1", 3), RejectionCode.RecordSuperseded),
            (deputy, Actions.Amend("A-1", 3), RejectionCode.RecordSuperseded),
            (deputy, Actions.Supersede("A-2", 3, ("licence", "A-1")), RejectionCode.RecordNotInForce),
            (deputy, Actions.Supersede("A-2", 3, ("licence", "C-1")), RejectionCode.UnknownRecord),
            (deputy, Actions.Linked(Actions.Amend("A-2", 3), ("licence", "C-1", 0)), RejectionCode.UnknownRecord),
            (deputy, Actions.Linked(Actions.Amend("A-2", 3), ("licence", "B-1", 2)), RejectionCode.UnknownRecord),
            (deputy, Actions.Linked(Actions.Amend("A-2", 3), ("licence", "A-1", 1)), RejectionCode.RecordNotInForce),
            (deputy, Actions.Register("V-1", type: "visa"), RejectionCode.ApprovalRequired),
            (deputy, Submitted("D-1", Limits.ApprovalHorizonMs + 1_000), RejectionCode.ExpiryTooFar),
            (approver, Submitted("C-4", 60_000), RejectionCode.ApprovalPending),
            (approver, Actions.Approve("C-2", 0, Ledger.Waiting), RejectionCode.UnknownSubmission),
            (approver, Actions.Approve("C-2", 1, Ledger.Approved), RejectionCode.SubmissionDecided),
            (deputy, Actions.Approve("C-4", 0, Ledger.Waiting), RejectionCode.OwnSubmission),
            (administrator, Actions.Approve("C-4", 0, Ledger.Waiting), RejectionCode.NotPermitted),
            (TestLedger.BetaAdmin, Actions.Refuse("C-4", Ledger.Waiting), RejectionCode.NotPermitted),
            (approver, Actions.Approve("C-4", 1, Ledger.Waiting), RejectionCode.VersionAhead),
            (administrator, Actions.OnBehalfOf(Actions.Approve("C-4", 0, Ledger.Waiting), "clerk"), RejectionCode.UnknownDelegation),
            (approver, Actions.OnBehalfOf(Actions.Approve("C-4", 0, Ledger.Waiting), "deputy"), RejectionCode.OwnSubmission),
            (deputy, Actions.Delegate("approver", Ledger.State.Tip.TimestampMs + 90_000), RejectionCode.NotPermitted),
            (approver, Actions.RevokeDelegation("approver", "deputy"), RejectionCode.UnknownDelegation),
            (deputy, Proposals.Vote("beta", Ledger.Open, true), RejectionCode.NotPermitted),
            (administrator, Proposals.Vote("beta", Ledger.Adopted, true), RejectionCode.UnknownProposal),
            (administrator, Proposals.Vote("alpha", Ledger.Adopted, false), RejectionCode.ProposalDecided),
            (administrator, Proposals.Withdraw(Ledger.Open), RejectionCode.UnknownProposal),
            (TestLedger.BetaAdmin, Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Move("beta", "b.example:1")), RejectionCode.ProposalOpen),
            (administrator, Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Set(new Parameters { ExpiryHorizonMs = 1 })), RejectionCode.ParameterOutOfBounds),
            (administrator, Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Move("kappa", "k.example:1")), RejectionCode.UnknownDepartment),
            (deputy, Actions.Rotate("deputy", new TestKey(700)), RejectionCode.NotPermitted),
            (TestLedger.BetaAdmin, Actions.Rotate("deputy", new TestKey(700)), RejectionCode.UnknownOfficer),
            (administrator, Actions.Rotate("clerk", new TestKey(700)), RejectionCode.UnknownOfficer),
            (administrator, Actions.Rotate("deputy", former), RejectionCode.KeyInUse),
            (administrator, Actions.Rotate("deputy", EvidenceLedger.Validators[3]), RejectionCode.KeyInUse),
        ];
        foreach ((TestKey signer, TransactionBody action, RejectionCode code) in forbidden)
        {
            AuditProblem problem = AssertProblem(
                [.. _blocks, Ledger.Collude((administrator, good), (signer, action))], (int)EvidenceLedger.TipHeight + 1);
            Assert.That(problem.Where, Is.EqualTo($"{BlockFailureKind.InvalidTransaction}"));
            Assert.That(problem.Found, Does.StartWith($"{Rejection.NameOf(code)} in transaction 1 (position {EvidenceLedger.LastPosition + 2}): "));
        }
    }

    [Test]
    public void Audit_GenesisLeafAlteredLeftOutOrDoubled_IsNamed()
    {
        RawBlock genesis = _blocks[0];
        IReadOnlyList<ReadOnlyMemory<byte>>[] others =
            [[Flip(genesis.Leaves[0], 20, 3)], [], [genesis.Leaves[0], genesis.Leaves[0]]];
        foreach (IReadOnlyList<ReadOnlyMemory<byte>> leaves in others)
        {
            _blocks[0] = genesis with { Leaves = leaves };
            Assert.That(AssertProblem(_blocks, 0).Where, Is.EqualTo("leaf 0"));
        }
    }

    [Test]
    public void Audit_ChainOfAnotherLedger_IsNamedAtItsBeginning()
    {
        var other = new TestLedger();
        var auditor = new ChainAuditor(other.Genesis);
        Assert.That(auditor.Add(PreparedBlock.Prepare(0, _blocks[0], other.Genesis, _verifier)), Is.False);
        Assert.That(auditor.Problem!.Expected, Is.EqualTo(other.Genesis.Block.Header.Hash.ToString()));
    }

    /// <summary>Up to there it is proven; what follows is not even read, whatever it is.</summary>
    [Test]
    public void Audit_OfAVersionThatIsNotExecutedHere_EndsBeforeIt_AndFindsNoFault()
    {
        var later = new CertifiedLedger(static body => body.ProtocolVersion = 2);
        later.Commit(TestLedger.AlphaAdmin, Actions.Define());
        foreach (RawBlock next in new[] { later.Raw[1], later.Raw[1] with { Leaves = [new byte[] { 0xff }] }, later.Collude([0xff]) })
        {
            var auditor = new ChainAuditor(later.Genesis, newest: 1);
            Assert.That(auditor.Add(PreparedBlock.Prepare(0, later.Raw[0], later.Genesis, _verifier)), Is.True, "of a genesis the state is all that there is");
            Assert.That(auditor.Add(PreparedBlock.Prepare(1, next, later.Genesis, _verifier)), Is.False);
            Assert.That((auditor.Problem, auditor.End!.Height, auditor.End.Version, auditor.Ledger.Tip.Height), Is.EqualTo(((AuditProblem?)null, 1UL, 2U, 0UL)));
        }
    }

    [Test]
    public void Audit_TwoDeviations_OnlyTheFirstIsLookedAt()
    {
        _blocks[3] = _blocks[3] with { Certificate = default };
        _blocks[4] = _blocks[4] with { Header = default };
        ChainAuditor auditor = Audit();
        AuditProblem? first = auditor.Problem;
        Assert.That(first!.Height, Is.EqualTo(3));
        Assert.That(auditor.NextHeight, Is.EqualTo(4));
        Assert.That(auditor.Ledger.Tip.Height, Is.EqualTo(2), "what was proven before it");
    }

    private ChainAuditor Audit(List<RawBlock>? blocks = null)
    {
        var auditor = new ChainAuditor(Ledger.Genesis);
        ulong height = 0;
        foreach (RawBlock block in blocks ?? _blocks)
        {
            bool went = auditor.Add(PreparedBlock.Prepare(height++, block, Ledger.Genesis, _verifier));
            Assert.That(went, Is.EqualTo(auditor.Problem is null));
        }
        return auditor;
    }

    private AuditProblem AssertProblem(List<RawBlock> blocks, int height)
    {
        ChainAuditor auditor = Audit(blocks);
        Assert.That(auditor.Problem, Is.Not.Null);
        Assert.That(auditor.Problem!.Height, Is.EqualTo((ulong)height), $"{auditor.Problem}");
        Assert.That(auditor.NextHeight, Is.EqualTo((ulong)height + 1));
        return auditor.Problem;
    }

    private static RawBlock WithLeaf(RawBlock block, int index, byte[] leaf)
    {
        ReadOnlyMemory<byte>[] leaves = [.. block.Leaves];
        leaves[index] = leaf;
        return block with { Leaves = leaves };
    }

    private static byte[] Flip(ReadOnlyMemory<byte> bytes, int at, int bit)
    {
        byte[] flipped = bytes.ToArray();
        flipped[at] ^= (byte)(1 << bit);
        return flipped;
    }
}
