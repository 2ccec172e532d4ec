using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// Evidence on the ledger: that a department's validator key signed what no honest one signs both, each offence once. It
/// changes nothing but the department's own entry; what follows from it is for people to decide.
/// </summary>
public static class AccusationRules
{
    /// <summary>Offences that a department's entry names: enough to judge it by, and no way to make it grow.</summary>
    public const int OffencesMax = 64;

    /// <summary>Where evidence of this offence stands on the ledger; null if none does, the department unknown included.</summary>
    public static ProvenOffence? Find(StateOverlay state, Evidence evidence) =>
        Authority.FindValidator(state, StateKey.OfficerKey(evidence.Signer), evidence.Height) is { } accused
            && state.Current<DepartmentState>(StateKey.Department(accused.Department)) is { } department
            ? Find(department, evidence)
            : null;

    /// <summary>Whether a department's entry has room for one more.</summary>
    public static bool HasRoom(StateOverlay state, string department) =>
        state.Current<DepartmentState>(StateKey.Department(department)) is { } entry && entry.Offences.Count < OffencesMax;

    internal static Outcome Accuse(StateOverlay state, in ProtocolContext at, Accuse action)
    {
        Evidence evidence = Evidence.TryRead(action.Evidence.Span)
            ?? throw new InvalidOperationException("The rules let bytes through that are no evidence.");
        if (Authority.FindValidator(state, StateKey.OfficerKey(evidence.Signer), evidence.Height) is not { } accused)
        {
            return new Rejection(
                RejectionCode.InvalidProof,
                $"The transaction proves nothing: {evidence.Signer.ToShortString()}... was no department's validator key at height {evidence.Height}.",
                ("problem", "the signer had no vote at the height of the evidence"));
        }
        StateKey key = StateKey.Department(accused.Department);
        DepartmentState department = state.Current<DepartmentState>(key) ?? throw new CorruptStateException(key, "no value");
        if (Find(department, evidence) is not null || department.Offences.Count >= OffencesMax)
        {
            return new Rejection(
                RejectionCode.AlreadyProven,
                $"This offence of {accused.Department} stands on the ledger already, or {OffencesMax} others do.",
                ("department", accused.Department),
                ("height", FieldRules.Invariant(evidence.Height)));
        }
        DepartmentState changed = department.Clone();
        changed.Offences.Add(new ProvenOffence
        {
            Epoch = evidence.Epoch,
            Height = evidence.Height,
            Kind = (uint)evidence.Kind,
            Type = (uint)evidence.First.Type,
            EvidenceId = ByteString.CopyFrom(evidence.Id.Span),
            Position = at.Position,
        });
        return Outcome.Accept(new StateWrite(key, changed));
    }

    private static ProvenOffence? Find(DepartmentState department, Evidence evidence)
    {
        foreach (ProvenOffence offence in department.Offences)
        {
            if (offence.Epoch == evidence.Epoch && offence.Height == evidence.Height
                && offence.Kind == (uint)evidence.Kind && offence.Type == (uint)evidence.First.Type)
                return offence;
        }
        return null;
    }
}
