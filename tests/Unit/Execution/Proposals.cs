using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution;

/// <summary>Proposals, votes and withdrawals, on a ledger of four departments, of which three make a quorum.</summary>
internal static class Proposals
{
    public static readonly TestKey GammaAdmin = new(551), DeltaAdmin = new(553);

    private static readonly TestKey GammaValidator = new(550), DeltaValidator = new(552);

    /// <summary>The departments, ascending, each with its administrator.</summary>
    public static readonly (string Department, TestKey Administrator)[] Voters =
        [("alpha", TestLedger.AlphaAdmin), ("beta", TestLedger.BetaAdmin), ("delta", DeltaAdmin), ("gamma", GammaAdmin)];

    public static TestLedger Ledger(uint version = ProtocolVersions.First) => TestLedger.Ready(body =>
    {
        body.ProtocolVersion = version;
        body.Departments.Add(Department("delta", DeltaValidator, DeltaAdmin));
        body.Departments.Add(Department("gamma", GammaValidator, GammaAdmin));
    });

    /// <summary>A change of the parameters that are set in the message.</summary>
    public static MembershipChange Set(Parameters parameters, ulong epoch = 0) => new()
    {
        Kind = (uint)MembershipKind.SetParameters,
        Epoch = epoch,
        ExpiresAtMs = MembershipChanges.ExpiresAtMs,
        Parameters = parameters,
    };

    public static MembershipChange Move(string department, string endpoint, ulong epoch = 0) => new()
    {
        Kind = (uint)MembershipKind.MoveEndpoint,
        Epoch = epoch,
        ExpiresAtMs = MembershipChanges.ExpiresAtMs,
        Department = department,
        Endpoint = endpoint,
    };

    /// <summary>The version holds from the first block on whose time is no earlier; until then the departments may decide.</summary>
    public static MembershipChange Schedule(uint version, ulong epoch = 0, ulong? fromMs = null) => new()
    {
        Kind = (uint)MembershipKind.ScheduleVersion,
        Epoch = epoch,
        ExpiresAtMs = fromMs ?? MembershipChanges.ExpiresAtMs,
        Protocol = new ScheduledVersion { Version = version, FromMs = fromMs ?? MembershipChanges.ExpiresAtMs },
    };

    public static MembershipChange CallOff(ulong epoch = 0) => new()
    {
        Kind = (uint)MembershipKind.CallOffVersion,
        Epoch = epoch,
        ExpiresAtMs = MembershipChanges.ExpiresAtMs,
    };

    public static MembershipChange Suspend(string department, ulong epoch = 0) => OfDepartment(MembershipKind.Suspend, department, epoch);

    public static MembershipChange LiftSuspension(string department, ulong epoch = 0) => OfDepartment(MembershipKind.LiftSuspension, department, epoch);

    /// <summary>The proposal, signed by the key that is to vote, if one is.</summary>
    public static TransactionBody Propose(Digest chainId, MembershipChange change, TestKey? newKey = null) => new()
    {
        Propose = new Propose
        {
            Change = change,
            NewKeySignature = newKey is null
                ? ByteString.Empty
                : ByteString.CopyFrom(newKey.Sign(MembershipFields.SigningDigest(change, chainId)).Span),
        },
    };

    public static TransactionBody Vote(string department, Digest proposal, bool inFavour) => new()
    {
        VoteOnProposal = new VoteOnProposal
        {
            Department = department,
            Proposal = ByteString.CopyFrom(proposal.Span),
            InFavour = inFavour,
            Reason = "decided in council",
        },
    };

    public static TransactionBody Withdraw(Digest proposal) =>
        new() { WithdrawProposal = new WithdrawProposal { Proposal = ByteString.CopyFrom(proposal.Span), Reason = "overtaken" } };

    private static MembershipChange OfDepartment(MembershipKind kind, string department, ulong epoch) => new()
    {
        Kind = (uint)kind,
        Epoch = epoch,
        ExpiresAtMs = MembershipChanges.ExpiresAtMs,
        Department = department,
    };

    private static GenesisDepartment Department(string id, TestKey validator, TestKey administrator) => new()
    {
        Id = id,
        Names = { new LocalizedText { Language = "en", Text = id } },
        ValidatorKey = ByteString.CopyFrom(validator.Public.Span),
        Endpoint = $"{id}.example:7001",
        Administrators = { new GenesisOfficer { OfficerId = "admin", PublicKey = ByteString.CopyFrom(administrator.Public.Span) } },
    };
}
