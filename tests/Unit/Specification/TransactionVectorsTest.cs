using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: whoever implements docs/SPEC.md anew has the bytes of every action to compare with, and nobody changes a format by accident.
/// Method: the vectors in docs/vectors follow from fixed keys, nonces and times; a difference fails.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TransactionVectorsTest : LedgerVectors
{
    private static readonly TestKey NewKey = new(205), OtherAdmin = new(206);

    [Test]
    public void Transactions()
    {
        TestKey signer = TestLedger.AlphaClerk;
        object Vector(string name, TransactionBody action, int nonce)
        {
            TransactionBody body = Fixed(action, signer, nonce);
            byte[] envelope = Envelope.Signed(body, signer);
            Transaction transaction = TransactionDecoder.TryDecode(envelope, Ledger.Genesis.ChainId, out _)!;
            return new
            {
                name,
                body = VectorFile.Hex(body.ToByteArray()),
                transactionId = transaction.Id.ToString(),
                signature = transaction.Signature.ToString(),
                envelope = VectorFile.Hex(envelope),
                leafHash = transaction.LeafHash.ToString(),
            };
        }
        VectorFile.Hold("transaction", new
        {
            chainId = Ledger.Genesis.ChainId.ToString(),
            privateKey = signer.PrivateHex,
            publicKey = signer.Public.ToString(),
            transactions = new[]
            {
                Vector("register", FullRegister(), 1),
                Vector("amend", Actions.Amend("A-1", 1), 2),
                Vector("annul", Actions.Annul("A-1", 2), 3),
                Vector("define type", Actions.Define(), 4),
                Vector("enrol officer", Actions.Enrol("4711", TestLedger.Spare, OfficerRole.Clerk, OfficerRole.Auditor), 5),
                Vector("revoke officer", Actions.Revoke("4711"), 6),
                Vector("suspend leader", Suspension(), 7),
                Vector("accuse", Accusation(), 8),
                Vector("post read root", Actions.PostReadRoot(2, 5, 9), 80),
                Vector("supersede", Actions.Supersede("A-1", 2, ("licence", "B-2"), ("permit", "C-3")), 10),
                Vector("register with links", Actions.Linked(Actions.Register("A-1"), ("licence", "B-2", 0), ("permit", "C-3", 7)), 12),
                Vector("reinstate", Actions.Reinstate("A-1", 2), 11),
                Vector("rotate officer key", Actions.Rotate("4711", TestLedger.OtherSpare), 9),
                Vector("register for approval", Actions.Submitted(FullRegister(), TestLedger.StartMs + 60_000), 13),
                Vector("approve", Actions.Approve("A-1", 2, Ledger.Genesis.ChainId), 14),
                Vector("refuse", Actions.Refuse("A-1", Ledger.Genesis.ChainId), 15),
                Vector("approve on behalf of another", Actions.OnBehalfOf(Actions.Approve("A-1", 2, Ledger.Genesis.ChainId), "4711"), 17),
                Vector("delegate approval", Actions.Delegate("4711", TestLedger.StartMs + 60_000), 18),
                Vector("revoke delegation", Actions.RevokeDelegation("4711", "4712"), 19),
                Vector("propose an admission", Proposals.Propose(Ledger.Genesis.ChainId, MembershipChanges.Admit("kappa", NewKey, OtherAdmin), NewKey), 30),
                Vector("propose another endpoint", Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Move("beta", "beta.example:7999")), 31),
                Vector("propose parameters", Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Set(new Parameters { LeaderBlocksMax = 7, MessageDelayMs = 4_000 })), 32),
                Vector("propose a protocol version", Proposals.Propose(Ledger.Genesis.ChainId, Proposals.Schedule(2)), 38),
                Vector("propose to call it off", Proposals.Propose(Ledger.Genesis.ChainId, Proposals.CallOff()), 39),
                Vector("vote for a proposal", Proposals.Vote("beta", Ledger.Genesis.ChainId, true), 33),
                Vector("vote against a proposal", Proposals.Vote("beta", Ledger.Genesis.ChainId, false), 34),
                Vector("withdraw a proposal", Proposals.Withdraw(Ledger.Genesis.ChainId), 35),
                Vector("define type of four eyes", Actions.FourEyes(1, "alpha", "beta"), 16),
                Vector("transfer", Actions.Transfer("A-1", 2, "beta", TestLedger.StartMs + 60_000), 37),
                Vector("define type with readers", Actions.ReadBy(Actions.Define(), "beta", "gamma"), 36),
            },
        });
    }
}
