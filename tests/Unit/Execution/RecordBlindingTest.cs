using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: the hash of a record's state, which proofs of its neighbours show to anybody, cannot be found by trying contents out.
/// Method: one registration on two equal ledgers, equal but for its nonce; the transaction that the state names.
/// </summary>
public sealed class RecordBlindingTest
{
    [TestCase(1U, true)]
    [TestCase(2U, false)]
    public void SameRegistration_WithAnotherNonce_HasTheSameStateInTheFirstVersionOnly(uint version, bool same)
    {
        Digest one = Sha256.Hash(Value(Registered(version, nonce: 1).Ledger)), other = Sha256.Hash(Value(Registered(version, nonce: 2).Ledger));
        Assert.That(one == other, Is.EqualTo(same));
    }

    [Test]
    public void State_NamesTheTransaction_OrTheSubmissionThatWasApproved()
    {
        (TestLedger ledger, Digest registered) = Registered(2, nonce: 1);
        Assert.That(Named(ledger), Is.EqualTo(registered));

        VerifiedTransaction annulment = ledger.Make(TestLedger.AlphaClerk, Actions.Submitted(Actions.Annul("A-1", 1), ledger.NextTimeMs + 60_000));
        ledger.Commit([annulment, ledger.Make(TestLedger.AlphaAdmin, Actions.Enrol("approver", TestLedger.Spare, OfficerRole.Approver))]);
        Assert.That(Named(ledger), Is.EqualTo(registered), "a submission makes no version");
        ledger.Commit((TestLedger.Spare, Actions.Approve("A-1", 1, annulment.Transaction.Id)));
        Assert.That(Named(ledger), Is.EqualTo(annulment.Transaction.Id));
    }

    private static (TestLedger Ledger, Digest Transaction) Registered(uint version, byte nonce)
    {
        TestLedger ledger = TestLedger.Ready(body => body.ProtocolVersion = version);
        TransactionBody body = Envelope.Body(ledger.Genesis.ChainId, TestLedger.AlphaClerk.Public, Actions.Register("A-1"), ledger.NextTimeMs + 60_000);
        body.Nonce = ByteString.CopyFrom([.. new byte[15], nonce]);
        VerifiedTransaction registration = ledger.Verified(Envelope.Signed(body, TestLedger.AlphaClerk));
        ledger.Commit([registration]);
        return (ledger, registration.Transaction.Id);
    }

    private static ReadOnlySpan<byte> Value(TestLedger ledger) => ledger.State.GetState(StateKey.Record("licence", "A-1"))!.Value.Span;

    private static Digest Named(TestLedger ledger) => new(RecordState.Parser.ParseFrom(Value(ledger)).Transaction.Span);
}
