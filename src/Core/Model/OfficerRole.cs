namespace GovChain.Core.Model;

/// <summary>What an officer may do. The numbers stand in transactions and state: frozen.</summary>
public enum OfficerRole : uint
{
    /// <summary>Submits records.</summary>
    Clerk = 1,

    /// <summary>Countersigns where a type asks for two officers.</summary>
    Approver = 2,

    /// <summary>Holds and disposes of records.</summary>
    RecordsOfficer = 3,

    /// <summary>Manages the department's officers and types, and votes for it.</summary>
    Administrator = 4,

    /// <summary>Reads what its mandate allows.</summary>
    Auditor = 5,
}
