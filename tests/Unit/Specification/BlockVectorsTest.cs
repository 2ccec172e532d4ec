using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: whoever implements docs/SPEC.md anew has the bytes of whole blocks and what they change to compare with, and nobody changes a format by accident.
/// Method: the vectors in docs/vectors follow from fixed keys, nonces and times; a difference fails.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BlockVectorsTest : LedgerVectors
{
    private static readonly TestKey NewKey = new(205), OtherAdmin = new(206);

    [TestCase(1U, "genesis")]
    [TestCase(2U, "genesis-version-2")]
    public void GenesisBlock(uint version, string name)
    {
        Genesis genesis = new TestLedger(body => body.ProtocolVersion = version).Genesis;
        var file = new GenesisFile(genesis,
        [
            new FoundingSignature("alpha", TestLedger.AlphaValidator.Sign(genesis.SigningDigest)),
            new FoundingSignature("beta", TestLedger.BetaValidator.Sign(genesis.SigningDigest)),
        ]);
        VectorFile.Hold(name, new
        {
            body = VectorFile.Hex(genesis.Bytes.Span),
            chainId = genesis.ChainId.ToString(),
            leaf = VectorFile.Hex(genesis.Leaf.Span),
            leafHash = LogHash.Leaf(genesis.Leaf.Span).ToString(),
            validatorSetHash = genesis.Validators.Hash.ToString(),
            state = VectorFile.States(genesis.Block),
            header = VectorFile.Hex(genesis.Block.Header.ToBytes()),
            headerHash = genesis.Block.Header.Hash.ToString(),
            signingDigest = genesis.SigningDigest.ToString(),
            file = System.Text.Encoding.ASCII.GetString(file.ToBytes()),
        });
    }

    [Test]
    public void Blocks()
    {
        VectorFile.Hold("blocks", new
        {
            chainId = Ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                VectorFile.Block(Ledger.Commit([
                    Make(TestLedger.AlphaAdmin, Actions.Define(), 1),
                    Make(TestLedger.AlphaAdmin, Actions.Enrol("clerk", TestLedger.AlphaClerk, OfficerRole.Clerk), 2),
                ])),
                VectorFile.Block(Ledger.Commit([
                    Make(TestLedger.AlphaClerk, FullRegister(), 3),
                    Make(TestLedger.AlphaClerk, Actions.Linked(Actions.Amend("A-1", 1), ("licence", "B-2", 0), ("permit", "C-3", 7)), 4),
                    Make(TestLedger.AlphaClerk, Actions.Register("B-2"), 5),
                ])),
                VectorFile.Block(Ledger.Commit([
                    Make(TestLedger.AlphaClerk, Actions.Annul("A-1", 2), 6),
                    Make(TestLedger.AlphaClerk, Actions.Reinstate("A-1", 3), 9),
                    Make(TestLedger.AlphaClerk, Actions.Supersede("B-2", 1, ("licence", "A-1")), 10),
                    Make(TestLedger.AlphaAdmin, Actions.Revoke("clerk"), 7),
                    Make(TestLedger.AlphaAdmin, Actions.Rotate("admin", TestLedger.Spare), 8),
                ])),
            },
        });
    }

    [Test]
    public void Submissions()
    {
        TestKey approver = TestLedger.Spare;
        VerifiedTransaction first = Make(TestLedger.AlphaClerk, Actions.Submitted(FullRegister(), TestLedger.StartMs + 60_000), 20);
        VerifiedTransaction second = Make(TestLedger.AlphaClerk, Actions.Submitted(Actions.Annul("A-1", 1), TestLedger.StartMs + 60_000), 21);
        VectorFile.Hold("submissions", new
        {
            chainId = Ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                VectorFile.Block(Ledger.Commit([
                    Make(TestLedger.AlphaAdmin, Actions.ReadBy(Actions.FourEyes(0, "beta"), "alpha", "gamma"), 22),
                    Make(TestLedger.AlphaAdmin, Actions.Enrol("clerk", TestLedger.AlphaClerk, OfficerRole.Clerk), 23),
                    Make(TestLedger.BetaAdmin, Actions.Enrol("approver", approver, OfficerRole.Approver), 24),
                ])),
                VectorFile.Block(Ledger.Commit([first])),
                VectorFile.Block(Ledger.Commit([Make(approver, Actions.Approve("A-1", 0, first.Transaction.Id), 25), second])),
                VectorFile.Block(Ledger.Commit([
                    Make(approver, Actions.Delegate("admin", TestLedger.StartMs + 60_000), 26),
                    Make(approver, Actions.Delegate("approver", TestLedger.StartMs + 60_000), 27),
                ])),
                VectorFile.Block(Ledger.Commit([
                    Make(TestLedger.BetaAdmin, Actions.OnBehalfOf(Actions.Refuse("A-1", second.Transaction.Id), "approver"), 28),
                    Make(approver, Actions.RevokeDelegation("approver", "admin"), 29),
                ])),
            },
        });
    }

    [Test]
    public void ProposalsAndVotes()
    {
        VerifiedTransaction first = Make(
            TestLedger.AlphaAdmin, Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Set(new Parameters { LeaderBlocksMax = 7 })), 40);
        VerifiedTransaction second = Make(
            TestLedger.BetaAdmin, Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Move("beta", "beta.example:7999")), 41);
        VerifiedTransaction third = Make(
            TestLedger.AlphaAdmin, Proposals.Propose(Ledger.Genesis.ChainId, MembershipChanges.Admit("kappa", NewKey, OtherAdmin), NewKey), 42);
        VerifiedTransaction suspension = Make(
            TestLedger.AlphaAdmin, Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Suspend("kappa", epoch: 1)), 51);
        VerifiedTransaction end = Make(
            TestLedger.AlphaAdmin, Proposals.Propose(Ledger.Genesis.ChainId, Proposals.LiftSuspension("kappa", epoch: 1)), 52);
        VerifiedTransaction Vote(TestKey signer, string department, VerifiedTransaction proposal, bool inFavour, int nonce) =>
            Make(signer, Proposals.Vote(department, proposal.Transaction.Id, inFavour), nonce);
        VectorFile.Hold("proposals", new
        {
            chainId = Ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                VectorFile.Block(Ledger.Commit([first, second])),
                VectorFile.Block(Ledger.Commit([
                    Vote(TestLedger.AlphaAdmin, "alpha", first, true, 43), Vote(TestLedger.BetaAdmin, "alpha", first, true, 44),
                    Vote(TestLedger.AlphaAdmin, "beta", second, true, 45),
                ])),
                VectorFile.Block(Ledger.Commit([third, Vote(TestLedger.AlphaAdmin, "beta", second, false, 46)])),
                VectorFile.Block(Ledger.Commit([
                    Make(TestLedger.BetaAdmin, Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Move("beta", "beta.example:7999")), 47),
                    Vote(TestLedger.BetaAdmin, "alpha", third, true, 48),
                ])),
                VectorFile.Block(Ledger.Commit([Vote(TestLedger.AlphaAdmin, "alpha", third, true, 49)])),
                VectorFile.Block(Ledger.Commit([
                    Make(OtherAdmin, Proposals.Propose(Ledger.Genesis.ChainId, MembershipChanges.Remove("beta", epoch: 1)), 50),
                    suspension,
                ])),
                VectorFile.Block(Ledger.Commit([
                    Vote(TestLedger.AlphaAdmin, "alpha", suspension, true, 53), Vote(TestLedger.BetaAdmin, "alpha", suspension, true, 54),
                ])),
                VectorFile.Block(Ledger.Commit([end, Vote(TestLedger.AlphaAdmin, "alpha", end, true, 55)])),
                VectorFile.Block(Ledger.Commit([Vote(TestLedger.BetaAdmin, "alpha", end, true, 56)])),
            },
        });
    }

    [Test]
    public void ReadRoots()
    {
        var ledger = new TestLedger(static body => body.ProtocolVersion = 2);
        object Later(int nonce, params (TestKey Signer, TransactionBody Action)[] roots) => CommitOn(ledger, nonce, roots);
        object first = Later(81, (TestLedger.AlphaValidator, Actions.PostReadRoot(1, 1, 4)), (TestLedger.BetaValidator, Actions.PostReadRoot(1, 1, 1)));
        ledger.StepMs = ReadRootRules.LeastIntervalMs;
        VectorFile.Hold("read-roots", new
        {
            chainId = ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                first,
                Later(83, (TestLedger.AlphaValidator, Actions.PostReadRoot(2, 5, 5))),
                Later(84, (TestLedger.AlphaValidator, Actions.PostReadRoot(3, 1, 2)), (TestLedger.BetaValidator, Actions.PostReadRoot(2, 2, ulong.MaxValue))),
            },
        });
    }

    /// <summary>The state of a record names its transaction from version 2 on: registered, and submitted and approved.</summary>
    [Test]
    public void RecordsOfVersionTwo()
    {
        var ledger = new TestLedger(static body => body.ProtocolVersion = 2);
        object first = VectorFile.Block(ledger.Commit([
            MakeIn(ledger, TestLedger.AlphaAdmin, Actions.Define(), 91),
            MakeIn(ledger, TestLedger.AlphaAdmin, Actions.Enrol("clerk", TestLedger.AlphaClerk, OfficerRole.Clerk), 92),
            MakeIn(ledger, TestLedger.AlphaAdmin, Actions.Enrol("approver", TestLedger.Spare, OfficerRole.Approver), 93),
        ]));
        VerifiedTransaction submitted = MakeIn(ledger, TestLedger.AlphaClerk, Actions.Submitted(FullRegister(), TestLedger.StartMs + 60_000), 90);
        VectorFile.Hold("records-version-2", new
        {
            chainId = ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                first,
                VectorFile.Block(ledger.Commit([submitted, MakeIn(ledger, TestLedger.AlphaClerk, Actions.Register("B-2"), 94)])),
                VectorFile.Block(ledger.Commit([
                    MakeIn(ledger, TestLedger.Spare, Actions.Approve("A-1", 0, submitted.Transaction.Id), 95),
                    MakeIn(ledger, TestLedger.AlphaClerk, Actions.Annul("B-2", 1), 96),
                ])),
            },
        });
    }

    /// <summary>By version 2: enrolled, delegated, enrolled anew and with another key, delegated anew and revoked.</summary>
    [Test]
    public void Enrolments()
    {
        var ledger = new TestLedger(static body => body.ProtocolVersion = 2);
        TestKey head = TestLedger.Spare, deputy = TestLedger.OtherSpare;
        object Then(int nonce, params (TestKey Signer, TransactionBody Action)[] actions) => CommitOn(ledger, nonce, actions);
        VectorFile.Hold("enrolments", new
        {
            chainId = ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                Then(90,
                    (TestLedger.AlphaAdmin, Actions.Enrol("head", head, OfficerRole.Approver)),
                    (TestLedger.AlphaAdmin, Actions.Enrol("deputy", deputy, OfficerRole.Clerk))),
                Then(92, (head, Actions.Delegate("deputy", TestLedger.StartMs + 60_000))),
                Then(93,
                    (TestLedger.AlphaAdmin, Actions.Revoke("deputy")),
                    (TestLedger.AlphaAdmin, Actions.Enrol("deputy", TestLedger.AlphaClerk, OfficerRole.Clerk)),
                    (TestLedger.AlphaAdmin, Actions.Rotate("head", NewKey))),
                Then(96, (NewKey, Actions.Delegate("deputy", TestLedger.StartMs + 60_000))),
                Then(97, (NewKey, Actions.RevokeDelegation("head", "deputy"))),
            },
        });
    }

    /// <summary>The next block of a ledger, of these, with nonces from this one on.</summary>
    private static object CommitOn(TestLedger ledger, int nonce, (TestKey Signer, TransactionBody Action)[] actions) =>
        VectorFile.Block(ledger.Commit(actions.Select((a, i) => MakeIn(ledger, a.Signer, a.Action, nonce + i))));

    /// <summary>Scheduled, called off in the block that would have made it hold, scheduled again, and the first block of version 2.</summary>
    [Test]
    public void ProtocolVersions()
    {
        TransactionBody Propose(MembershipChange change) => Proposals.Propose(Ledger.Genesis.ChainId, change);
        MembershipChange Lasting(MembershipChange change)
        {
            change.ExpiresAtMs = TestLedger.StartMs + 60_000;
            return change;
        }
        VerifiedTransaction first = Make(TestLedger.AlphaAdmin, Propose(Proposals.Schedule(2, fromMs: TestLedger.StartMs + 4_000)), 60);
        VerifiedTransaction end = Make(TestLedger.BetaAdmin, Propose(Lasting(Proposals.CallOff())), 61);
        VerifiedTransaction second = Make(TestLedger.AlphaAdmin, Propose(Proposals.Schedule(2, fromMs: TestLedger.StartMs + 6_000)), 62);
        VerifiedTransaction Vote(TestKey signer, string department, VerifiedTransaction proposal, int nonce) =>
            Make(signer, Proposals.Vote(department, proposal.Transaction.Id, true), nonce);
        VectorFile.Hold("versions", new
        {
            chainId = Ledger.Genesis.ChainId.ToString(),
            blocks = new[]
            {
                VectorFile.Block(Ledger.Commit([first])),
                VectorFile.Block(Ledger.Commit([Vote(TestLedger.AlphaAdmin, "alpha", first, 63), Vote(TestLedger.BetaAdmin, "alpha", first, 64)])),
                VectorFile.Block(Ledger.Commit([end, Vote(TestLedger.AlphaAdmin, "beta", end, 65)])),
                VectorFile.Block(Ledger.Commit([Vote(TestLedger.BetaAdmin, "beta", end, 66), second])),
                VectorFile.Block(Ledger.Commit([Vote(TestLedger.AlphaAdmin, "alpha", second, 67), Vote(TestLedger.BetaAdmin, "alpha", second, 68)])),
                VectorFile.Block(Ledger.Commit([Make(TestLedger.AlphaAdmin, Actions.Define(), 69)])),
                VectorFile.Block(Ledger.Commit([Make(TestLedger.AlphaAdmin, Actions.Define("permit"), 70)])),
            },
        });
    }

    /// <summary>A transaction of a ledger of its own, valid for a second beyond the next block.</summary>
    private static VerifiedTransaction MakeIn(TestLedger ledger, TestKey signer, TransactionBody action, int nonce)
    {
        TransactionBody body = Envelope.Body(ledger.Genesis.ChainId, signer.Public, action, ledger.NextTimeMs + 1_000);
        body.Nonce = ByteString.CopyFrom([.. new byte[15], (byte)nonce]);
        return ledger.Verified(Envelope.Signed(body, signer));
    }
}
