"""The embedded AWS: one process that answers the AWS CLI, any SDK and the deployed function, without an account.

    server.py           EmbeddedAws: started and stopped; the first file to open
    listener.py         the addresses where it listens
    front.py            every call passes here, on its way to a service below or to moto's server
    calls.py, identity.py, messages.py     what a call is, who makes it, what is answered
    ec2_service.py      security groups (ec2/), and the event of every write (ec2_records.py, cloudtrail.py)
    events_service.py   rules and events; eventbridge.py delivers (patterns/), and event_buses.py from Region to Region
    cloudtrail_service.py   trails: trails.py decides what one records (selectors.py); event_history.py is LookupEvents
    organizations_service.py, account_service.py   who may ask; example_organization.py makes the one of --organization
    lambda_service.py   invocations; functions.py runs them (runtime/), asynchronous.py tries again (worker.py)
    stacks.py           CloudFormation: templates.py, and the types that moto lacks (resources/)

moto 5.2.5 keeps all other state. Each place where it is not AWS enough has a comment that says what it lacks.
"""
