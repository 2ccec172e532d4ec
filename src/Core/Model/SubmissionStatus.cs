namespace GovChain.Core.Model;

/// <summary>What became of a change that was submitted for approval. The numbers stand in the state: frozen.</summary>
public enum SubmissionStatus : uint
{
    /// <summary>Nobody has decided; once its time is over nobody can.</summary>
    Waiting = 1,

    /// <summary>An approver countersigned it, which made the version.</summary>
    Approved = 2,

    /// <summary>An approver refused it, or its submitter withdrew it.</summary>
    Refused = 3,
}
